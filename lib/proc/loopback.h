/* SPDX-License-Identifier: MIT */
/*
 * loopback.h - the network namespace that we are in: its loopback device, and
 * whether there is anything else
 */
#ifndef PROC_LOOPBACK_H
#define PROC_LOOPBACK_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/list.h"

struct loopback_address {
	int family;
	struct in6_addr address;	/* an in_addr at its start */
	unsigned prefix;
};

bool loopback_is_up(void);
int loopback_set_up(void);
void loopback_addresses(struct list *to);	/* of struct loopback_address */
/* Adds it, or takes it away; no failure if that has been done. */
int loopback_change(const struct loopback_address *a, bool add);

/* What a new namespace would not have but for the loopback device, in words;
 * owned, NULL: nothing.  @devices: names (char *) that a new one has. */
char *network_needs(const struct list *devices);
void network_devices(struct list *names);	/* of char *, owned */

#endif
