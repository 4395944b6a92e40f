/* SPDX-License-Identifier: MIT */
/* diag.h - what the kernel tells of all sockets of a family: sock_diag(7) */
#ifndef PROC_DIAG_H
#define PROC_DIAG_H

#include <linux/netlink.h>
#include <stddef.h>

#include "base/list.h"

/*
 * Asks by @diag, the request of a family, for all sockets of our network
 * namespace, and calls @take with each answer.  It takes no privilege.  -1 with
 * errno: ENOENT if the kernel does not tell of that family.
 */
int diag_dump(const void *diag, size_t len, struct list *to,
	      void (*take)(struct list *to, const struct nlmsghdr *answer));

#endif
