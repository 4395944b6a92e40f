/* SPDX-License-Identifier: MIT */
/*
 * socket.h - what sockets of all families share: how they are looked at, and
 * the options they have been given
 *
 * A kind of socket has a list of struct rec_option and one of struct rec_owner
 * in its record, with SOCKET_FIELDS in its table, and calls
 *
 *	check()		socket_check()
 *	capture()	socket_take(), then socket_read()
 *	verify()	socket_verify()
 *	restore		socket_prepare(), then socket_set() when the socket is what it was: bound,
 *			connected, filled; socket_own() in settle()
 */
#ifndef IMAGE_SOCKET_H
#define IMAGE_SOCKET_H

#include "image/capture.h"
#include "image/restore.h"

extern const struct schema socket_option_schema, socket_owner_schema;

/* The two lists of @strct, whose members are options and owner. */
#define SOCKET_OWNER_FIELD(strct)					\
	FIELD(strct, owner, FIELD_STRUCTS, .max = 2,			\
	      .sub = &socket_owner_schema)
#define SOCKET_OPTIONS_FIELD(strct)					\
	FIELD(strct, options, FIELD_STRUCTS, .max = 128,		\
	      .sub = &socket_option_schema)

/*
 * The very socket behind a descriptor of @s, as a descriptor of ours, which the
 * caller closes.  It is not another opening of it: what is asked is asked of
 * that socket, and what is set or read from it is gone for the program as well.
 */
int socket_take(const struct source *s, int fd, struct failure *f);
/* Its address family; -1 if it could not be taken. */
int socket_family(const struct source *s, int fd);

/* Names obstacles that lie in what was set: a filter that cannot be read. */
void socket_check(struct capture *c, struct source *s,
		  const struct source_fd *fd, int sock);
/* Everything in which @sock differs from a new one of its sort. */
int socket_read(struct capture *c, int sock, struct list *options,
		struct list *owner, struct failure *f);
/* @what: for messages. */
int socket_verify(const struct list *options, const struct list *owner,
		  const char *what, struct failure *f);
/* Those that must be there before the socket has its address. */
int socket_prepare(struct restore *r, int sock, const struct list *options,
		   const char *what, struct failure *f);
/* What may not be set here is a warning, unless the program would misbehave. */
int socket_set(struct restore *r, int sock, const struct list *options,
	       const char *what, struct failure *f);
/* Is it among them, and not 0? */
bool socket_option_on(const struct list *options, uint32_t level,
		      uint32_t name);
/* To whom SIGIO goes: the puppets must be there. */
void socket_own(struct restore *r, int sock, const struct list *owner,
		const char *what);
/* Room for @bytes to be sent at once, whatever SO_SNDBUF has been set to. */
void socket_make_room(int sock, size_t bytes);
/* As it was before that, unless @options say how much it is. */
void socket_usual_room(int sock, const struct list *options);
/* Sets O_ASYNC, among @flags, for descriptor @fd of a process that has it: after
 * kind_descriptor has settled, once for each socket. */
int socket_async(struct puppet *p, int fd, uint32_t flags, struct failure *f);

#endif
