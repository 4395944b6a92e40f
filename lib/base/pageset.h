/* SPDX-License-Identifier: MIT */
/*
 * pageset.h - a set of pages of an address space, by address
 *
 * A bit a page in blocks of 128 MiB of addresses, and no block where there is
 * none: 32 KiB for each GiB that is in it.  Addresses are multiples of 4096.
 */
#ifndef BASE_PAGESET_H
#define BASE_PAGESET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct pageset {
	struct list blocks;	/* in order of address */
};

/* Of [start, end) */
void pageset_add(struct pageset *, uint64_t start, uint64_t end);
void pageset_remove(struct pageset *, uint64_t start, uint64_t end);
bool pageset_any(const struct pageset *, uint64_t start, uint64_t end);
/* The first stretch of its pages in [*start, end), cut off there, to *start and
 * *stop; false if there is none. */
bool pageset_next(const struct pageset *, uint64_t *start, uint64_t end,
		  uint64_t *stop);
uint64_t pageset_count(const struct pageset *);
void pageset_free(struct pageset *);

#endif
