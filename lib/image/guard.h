/* SPDX-License-Identifier: MIT */
/*
 * guard.h - what keeps connections alive while nobody can answer for them
 *
 * From the moment connections are recorded until they are rebuilt, no packet of
 * theirs may meet the source's sockets, and none may meet no socket at all: the
 * kernel would answer with a reset.  A small process of its own sees to that.
 * It holds a copy of each socket and, if one leads out of the tree, a wall
 * around them (proc/netfilter.h):
 *
 * New connections to listeners of the tree would be reset when the source ends,
 * or find nobody: if connections are kept, a gate keeps their first packets
 * back, from just before the tree is stopped until somebody listens there again.
 * Whoever connects tries it again by himself (TCP).
 *
 *	capture fails or is killed	it lets go: nothing has been
 *	source stopped			it waits until that ends
 *	source runs on			it lets go
 *	source dead			it closes the copies without a word to
 *					the peers (TCP_REPAIR), and stays until
 *					the connections are here again, their
 *					address is not, or a minute has passed
 */
#ifndef IMAGE_GUARD_H
#define IMAGE_GUARD_H

#include <sys/socket.h>

#include "image/capture.h"

/* A connection that is being recorded. */
struct kept_connection {
	uint64_t id;		/* of its socket */
	int fd;			/* owned: a duplicate */
	bool inner;
	int reuse;		/* SO_REUSEADDR, which TCP_REPAIR spoils */
	struct sockaddr_storage local, peer;	/* plain */
	uint32_t sent, received;	/* in its queues, bytes */
};

/* Before the tree is stopped, and if the kernel lets us; soon all those that
 * had come before are accepted. */
void guard_gate(struct capture *c);
bool guard_has_gate(const struct capture *c);
/* Around c->connections, before TCP_REPAIR is used on them. */
int guard_start(struct capture *c, struct failure *f);
/* What becomes of the source; it is let go or killed afterwards. */
void guard_tell(struct capture *c, enum capture_end end);
/* Lets go, if it has not been told anything. */
void guard_free(struct capture *c);

/* Takes a socket out of TCP_REPAIR as if nothing had been. */
void connection_let_go(const struct kept_connection *k);

#endif
