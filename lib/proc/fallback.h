/* SPDX-License-Identifier: MIT */
/*
 * fallback.h - what lib/proc does where a kernel lacks the better way
 *
 * Declared for the unit tests alone: on a new kernel nothing else comes here.
 */
#ifndef PROC_FALLBACK_H
#define PROC_FALLBACK_H

#include "proc/proc.h"

/* As proc_children() and proc_pages(), without CONFIG_PROC_CHILDREN and
 * PAGEMAP_SCAN. */
int children_by_parent(pid_t pid, struct list *pids);
int pages_by_reading(int pagemap, uint64_t start, uint64_t end,
		     enum page_want want, struct list *ranges);

#endif
