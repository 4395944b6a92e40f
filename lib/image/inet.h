/* SPDX-License-Identifier: MIT */
/* inet.h - what the files of internet sockets share */
#ifndef IMAGE_INET_H
#define IMAGE_INET_H

#include <netinet/in.h>

#include "image/socket.h"

#define ADDRESS_TEXT 64		/* "[fe80::1%3]:65535" */

/* "127.0.0.1:80", "[::1]:80"; @to is ADDRESS_TEXT bytes, and returned. */
char *address_text(const struct blob *address, char *to);
/* As a struct sockaddr_in or _in6 of the right length, within bounds? */
bool address_sound(const struct blob *address, uint32_t family);
bool address_any(const struct blob *address);	/* 0.0.0.0, :: */
bool address_multicast(const struct blob *address);
uint16_t address_port(const struct blob *address);
/* An IPv4 address in IPv6 clothes becomes plain; others are copied. */
void address_plain(const struct blob *address, struct sockaddr_storage *to);

/* inject.c: a packet to ourselves from somebody else: the head of the protocol
 * in it, whose checksum is filled in, and data.  -1 with errno. */
int inject(const struct sockaddr_storage *from,
	   const struct sockaddr_storage *to, uint8_t protocol, void *head,
	   size_t head_len, uint16_t *checksum, const struct blob *data);

/* udp.c: what waits to be read, as records of the socket @id. */
int datagrams_capture(struct capture *c, int fd, uint64_t id,
		      const struct rec_inet *rec, struct failure *f);
/* Puts it there again; what cannot be is told as a warning. */
void datagrams_restore(struct restore *r, int fd, uint64_t id,
		       const struct rec_inet *rec);

/* TCP_INFO: states of include/net/tcp_states.h */
enum { T_ESTABLISHED = 1, T_SYN_SENT, T_SYN_RECV, T_FIN_WAIT1, T_FIN_WAIT2,
       T_TIME_WAIT, T_CLOSE, T_CLOSE_WAIT, T_LAST_ACK, T_LISTEN, T_CLOSING };

int tcp_state(int fd);
/* inet.c: the address of a socket, or of its peer; nothing if it has none. */
void keep_address(int fd, bool peer, struct blob *to);
/* "TCP socket 127.0.0.1:80"; owned by the caller. */
char *inet_text(const struct rec_inet *rec);
/* Binds it, waiting for a source that is being ended. */
int inet_bind(struct restore *r, int fd, const struct rec_inet *rec,
	      struct failure *f);

/* multicast.c */
extern const struct schema group_schema;
void multicast_capture(struct source *s, int fd, struct rec_inet *rec);
bool multicast_sound(const struct rec_inet *rec);
void multicast_restore(struct restore *r, int fd, const struct rec_inet *rec,
		       const char *what);

/* Does a socket on a standard stream move as what it is, all the same? */
bool inet_stays(const struct capture *c, const struct source_fd *fd);

/* tcp.c: which of the tree's sockets belong together; before tcp_check(). */
int tcp_survey(struct capture *c, struct source *s, struct failure *f);
/* Obstacles of a TCP socket of which @fd is a duplicate. */
void tcp_check(struct capture *c, struct source *s, const struct source_fd *,
	       int dup, int state);
/* Of a connection: it is recorded when all descriptors have been met. */
int tcp_capture(struct capture *c, int fd, uint64_t id, struct rec_inet *rec,
		struct failure *f);
/* Adds the addresses (struct sockaddr_storage, plain) that the tree listens at. */
void tcp_listeners(const struct capture *c, struct list *to);
bool address_is_any(const struct sockaddr_storage *plain);
/* Is it one that others may connect to, or with both ends in the tree? */
bool tcp_stays(const struct capture *c, uint64_t ino);
/* The socket @fd becomes one whose connection is gone. */
int tcp_end(struct restore *r, int fd, uint64_t id, const struct rec_inet *rec,
	    struct failure *f);

#endif
