/* SPDX-License-Identifier: MIT */
/* sysctl.h - the settings below /proc/sys, of the namespaces that we are in */
#ifndef PROC_SYSCTL_H
#define PROC_SYSCTL_H

#include <stdbool.h>

#include "base/list.h"

struct sysctl {
	char *name;		/* owned: net/ipv4/ip_forward */
	char *value;		/* owned: as it is read, without the newline */
};

/* Adds what may be read and written, in order of name: the file @name, or all
 * below it. */
void sysctl_read(const char *name, struct list *to);
void sysctl_free(struct list *l);
/* Has @l that with the same value? */
bool sysctl_has(const struct list *l, const struct sysctl *s);
/* -1 with errno. */
int sysctl_write(const char *name, const char *value);

#endif
