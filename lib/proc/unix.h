/* SPDX-License-Identifier: MIT */
/* unix.h - all UNIX domain sockets of our network namespace: sock_diag(7) */
#ifndef PROC_UNIX_H
#define PROC_UNIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define UNIX_NAME_MAX	108	/* sizeof(sun_path) */

struct proc_unix {
	uint32_t ino;		/* 0: not accepted yet */
	uint8_t type;		/* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	uint8_t state;		/* TCP_*: 1 established, 7 close, 10 listen */
	uint8_t shutdown;	/* 1 no more to receive, 2 no more to send */
	bool has_peer;
	uint32_t peer;		/* 0: it is gone, or not accepted yet */
	uint32_t rqueue;	/* bytes to be read (of the first datagram);
				   listening: connections to be accepted */
	uint32_t wqueue;	/* listening: the most of these there may be */
	bool has_file;
	uint32_t file_dev, file_ino;	/* of its name; dev as the kernel has
					   it inside: 12 bits, 20 bits */
	uint32_t name_len;	/* 0: it has none */
	uint8_t name[UNIX_NAME_MAX];	/* a path; or first a zero byte */
	struct list waiting;	/* of uint32_t: inodes of who is to be
				   accepted, in order; 0: closed already */
};

/* List of struct proc_unix, by ino; those with ino 0 first.  -1 with errno. */
int proc_unix(struct list *sockets);
void proc_unix_free(struct list *sockets);
/* The one with @ino, which is not 0; NULL. */
const struct proc_unix *proc_unix_find(const struct list *sockets, uint32_t ino);

#endif
