/* SPDX-License-Identifier: MIT */
/*
 * anon.h - what descriptors without a file have in common: eventfd and its kin
 *
 * What they hold is told by /proc/PID/fdinfo, and by calls made through a copy
 * of the descriptor, taken with pidfd_getfd(2).
 */
#ifndef IMAGE_ANON_H
#define IMAGE_ANON_H

#include <fcntl.h>

#include "image/capture.h"
#include "image/restore.h"

/* Flags that fcntl(2) sets on any of them. */
#define ANON_FLAGS	(O_APPEND | O_NONBLOCK)

/* Is it "anon_inode:NAME"? */
bool anon_is(const struct source_fd *fd, const char *name);
/* The number after @key at the start of a line; false if there is none. */
bool anon_value(const struct proc_fdinfo *info, const char *key, int base,
		uint64_t *value);
/* A copy of a descriptor of the tree, for us; -1 and failure. */
int anon_take(const struct source *s, int fd, struct failure *f);
/* Of the restore's own: sets what of ANON_FLAGS is in @flags and remembers it. */
int anon_opened(struct restore *r, uint64_t id, int fd, uint32_t flags,
		struct failure *f);

#endif
