/* SPDX-License-Identifier: MIT */
/*
 * nest.h - memory that is here before the process that it is for
 *
 * In a live stream most pages come while the program is still running where it
 * was.  Each address space has a nest: a stopped process with that memory.  The
 * process of a lone one becomes the program's; of a tree's, memory is copied into
 * the puppets once these can be made.
 */
#ifndef IMAGE_NEST_H
#define IMAGE_NEST_H

#include "image/restore.h"

struct nest {
	uint64_t id;		/* PID of the address space, in the tree */
	struct puppet puppet;
	struct list areas;	/* of struct rec_area, in order of address */
	pid_t shepherd;		/* its own, 0 none */
	int shepherd_fd;
	bool top;		/* it is to be the top of the tree */
	bool whole;		/* it has all that the process has */
};

/* From the first phase (*item) up to the freeze, whose records come next: then 1.
 * r->image has the draft, and is empty again afterwards.  @lone: the first
 * puppet has been made to become the program. */
int nests_receive(struct restore *r, bool lone, struct stream_in *in,
		  struct stream_item *item, struct failure *f);
/* Does the lone one fit the program as it turned out to be?  Then it is the
 * first puppet's. */
bool nest_adopt(struct restore *r);
/* The first puppet, which has been filled, is a nest from now on: another one is
 * to be made. */
void nest_leave(struct restore *r);
/* What the nests hold, into the puppets; then they end. */
int nests_empty(struct restore *r, struct failure *f);
void nests_end(struct restore *r);

/* Is this anonymous mapping there already, all or in part? */
bool nest_has(const struct puppet *p, const struct rec_mapping *m);
/* Before the mappings of @p are made: what is of no use to them goes. */
int nest_trim(struct puppet *p, struct failure *f);
/* The first stretch of @m at or above *start that is not there. */
bool nest_gap(const struct puppet *p, const struct rec_mapping *m,
	      uint64_t *start, uint64_t *end);

#endif
