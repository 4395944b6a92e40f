/* SPDX-License-Identifier: MIT */
/* epoll.h - the watches of epoll descriptors, made as descriptors are placed */
#ifndef IMAGE_EPOLL_H
#define IMAGE_EPOLL_H

#include "image/capture.h"
#include "image/restore.h"

/* Does @p have to have this description for a watch, whether or not it is one
 * of its descriptors? */
bool epoll_needs(const struct restore *r, const struct puppet *p, uint64_t open);
/* Makes the watches that are @p's to make.  Its descriptors are in place, and
 * all that was opened is still there; @late is what came late, by numbers of
 * @p (struct opened). */
int epoll_watch(struct restore *r, struct puppet *p, const struct list *late,
		struct failure *f);

/* descriptor.c: the id of a description that was met already, 0 if not. */
uint64_t open_known(const struct capture *c, pid_t pid,
		    const struct source_fd *fd);
/* descriptor.c: is there a record of this description? */
bool open_exists(const struct restore *r, uint64_t id);

#endif
