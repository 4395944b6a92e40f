/* SPDX-License-Identifier: MIT */
/*
 * fallback.h - the single ways between which lib/proc chooses
 *
 * Declared for the unit tests alone, which would not come to all of them on one
 * kernel.
 */
#ifndef PROC_FALLBACK_H
#define PROC_FALLBACK_H

#include "proc/proc.h"

/* As proc_children(), but both add to @pids; the second needs
 * CONFIG_PROC_CHILDREN. */
int children_by_parent(pid_t pid, struct list *pids);
int children_by_threads(pid_t pid, struct list *pids);
/* As proc_pages(), without PAGEMAP_SCAN. */
int pages_by_reading(int pagemap, uint64_t start, uint64_t end,
		     enum page_want want, struct list *ranges);

#endif
