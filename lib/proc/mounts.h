/* SPDX-License-Identifier: MIT */
/* mounts.h - the mounts of a namespace */
#ifndef PROC_MOUNTS_H
#define PROC_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct proc_mount {
	int id, parent;
	uint64_t dev;		/* as makedev() */
	char *root;		/* owned: which part of the file system */
	char *point;		/* owned: where, from the root of the reader */
	uint32_t flags;		/* MOUNT_ATTR_* */
	int shared, master;	/* peer groups, 0 none: mount_namespaces(7) */
	bool unbindable;
	char *type, *source;	/* owned: "tmpfs", "/dev/sda" */
	char *options;		/* owned: of the file system */
};

/* List of struct proc_mount, as a file mountinfo has them; -1 with errno.  Or
 * from its text, which is cut up. */
int proc_mounts(const char *path, struct list *mounts);
void proc_mounts_read(char *text, struct list *mounts);
void proc_mounts_free(struct list *mounts);
/* Is the word @name one of those that commas part? */
bool mount_option(const char *options, const char *name);

#endif
