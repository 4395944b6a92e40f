/* SPDX-License-Identifier: MIT */
/*
 * netfilter.h - keep the packets of some connections from being seen
 *
 * A wall stands as long as the descriptor that it hangs on is open, whoever
 * ends and how: the kernel takes it down (a table with an owner, Linux 5.12).
 */
#ifndef PROC_NETFILTER_H
#define PROC_NETFILTER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/list.h"

/* Both of one family, struct sockaddr_in or _in6. */
struct connection {
	struct sockaddr_storage local, peer;
};

/* Packets with this mark pass all the same. */
#define WALL_PASS 0x534a5250

/* Drops what comes from the peers and what goes to them, of every struct
 * connection in the list, in our network namespace; the descriptor, or -1 with
 * errno. */
int wall_open(const struct list *connections);

/* Drops what would begin a connection to the addresses, struct sockaddr_storage
 * (any: all addresses at that port); as above. */
int gate_open(const struct list *addresses);

/* What the kernel has for it here: its state (as TCP_INFO counts), 0 nothing.
 * @owned: somebody has it open. */
int connection_state(const struct connection *c, bool *owned);

#endif
