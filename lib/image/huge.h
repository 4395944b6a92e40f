/* SPDX-License-Identifier: MIT */
/*
 * huge.h - memory in huge pages of hugetlbfs, of a size of their own
 *
 * A page size is in bytes, 0 where pages are ordinary.
 */
#ifndef IMAGE_HUGE_H
#define IMAGE_HUGE_H

#include "image/image.h"
#include "proc/proc.h"

/* Of what @fd is of. */
uint64_t huge_of_fd(int fd);
/* Private and of no file. */
bool huge_is_anonymous(const struct proc_map *m);
/* Shared and of no file. */
bool huge_is_shared(const struct proc_map *m);
/* Page size and present bytes, from the source. */
int huge_capture(const struct source *s, const struct proc_map *m,
		 struct rec_mapping *rec, struct failure *f);

/* Are they as the kernel could have them? */
bool huge_sound(const struct restore *r, const struct rec_mapping *m);
bool huge_object_sound(const struct rec_object *o);
/* Names the sizes of which there are too few pages here. */
void huge_check(struct restore *r);
/* @flag (MAP_HUGETLB, MFD_HUGETLB, SHM_HUGETLB) with the page size; 0 where
 * pages are ordinary. */
uint32_t huge_flags(uint64_t page, uint32_t flag);
/* The end of the object's last page. */
uint64_t huge_end(const struct rec_object *o);
/* What pwrite(2) is for other files. */
int huge_fill(const struct rec_object *o, int fd, const void *data, size_t len,
	      uint64_t offset, struct failure *f);
/* The pool has become empty meanwhile. */
int huge_missing(uint64_t page, struct failure *f);

#endif
