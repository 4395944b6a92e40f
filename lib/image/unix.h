/* SPDX-License-Identifier: MIT */
/* unix.h - what the files of UNIX domain sockets share */
#ifndef IMAGE_UNIX_H
#define IMAGE_UNIX_H

#include "image/socket.h"
#include "proc/unix.h"

#define MESSAGE_MAX	(3u << 20)	/* bytes of data in a record */
#define UNIX_TEXT	(4 * UNIX_NAME_MAX + 3)

/* A UNIX domain socket of the tree, as it is looked at. */
struct tree_unix {
	uint32_t ino;
	const struct proc_unix *k;	/* NULL: the kernel does not show it */
	struct source *s;	/* that has it, */
	int fd;			/* by this number */
	uint64_t id;		/* once it has been captured */
	bool walked;
	struct list messages;	/* of struct queued */
};

/* What waits in it to be received. */
struct queued {
	struct rec_message rec;
	struct list fds;	/* of int: ours, and in flight.fds */
};

/* One look at all of them: c->unix_look. */
struct unix_look {
	struct list all;	/* of struct proc_unix */
	struct list socks;	/* of struct tree_unix, by ino */
	struct source flight;	/* whose fds are those in flight: ours */
	struct list ids;	/* of uint64_t: of their descriptions */
	bool flying;		/* there are some: the kernel says how many */
};

struct tree_unix *tree_unix_find(const struct unix_look *l, uint32_t ino);
struct tree_unix *tree_unix_add(struct unix_look *l, struct source *s,
				const struct source_fd *fd);

/* message.c: looks into the queues of all, frozen, and of what it finds there. */
int queues_walk(struct unix_look *l, struct failure *f);

/* "@name" or the path, or "(no name)"; @to is UNIX_TEXT bytes, and returned. */
const char *unix_text(const uint8_t *name, size_t len, char *to);
bool unix_same_name(const struct blob *a, const struct blob *b);

/* A socket that is being made again. */
struct made {
	uint64_t id;
	const struct rec_unix *rec;
	int fd;			/* r->late has it */
	int path;		/* its file, O_PATH, owned; -1 none */
	int peer;		/* stands for one that is not in the stream,
				   until the queue has been filled; owned */
	char *kept;		/* owned: where the file went that had its path */
	bool placed;		/* its path leads to it */
	bool ready;		/* it is what it was, but for its queue */
};

/* message.c: fills all queues, and connects datagram sockets. */
int messages_restore(struct restore *r, struct failure *f);

/* unixmake.c */
int unix_make_all(struct restore *r, struct failure *f);
struct made *made_find(struct restore *r, uint64_t id);
/* When all is filled: shut down, options, files. */
int unix_finish_all(struct restore *r, struct failure *f);
int unix_connect_to(struct restore *r, struct made *from, struct made *to,
		    struct failure *f);
int unix_scratch_bind(struct restore *r, int sock, const struct blob *name,
		      struct made *m, struct failure *f);
void made_forget(struct made *m);

/* unix.c: the file of the socket's name, as a path of ours; owned. */
char *unix_path(const struct restore *r, const struct rec_unix *u);

#endif
