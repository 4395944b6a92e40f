/* SPDX-License-Identifier: MIT */
/* memory.h - pages on their way into puppets, and kept back until these are there */
#ifndef IMAGE_MEMORY_H
#define IMAGE_MEMORY_H

#include "image/image.h"
#include "tracee/tracee.h"

struct stash {
	struct list places;	/* of struct filled: what is in a puppet */
	struct list runs;	/* of struct kept: what is here */
	struct list arenas;	/* of void *, owned */
	uint8_t *at;
	size_t left;
};

/* Reads runs from *@item to the end of the stream, into the puppets.  @st is to
 * know where they went; NULL, nobody is. */
int memory_fill(struct restore *r, struct stream_in *in,
		struct stream_item *item, struct stash *st, struct failure *f);
/* The same again: from one that has been filled so into others. */
int memory_fill_from(struct restore *r, struct strings *from,
		     const struct stash *st, struct failure *f);

/* Reads runs likewise, and keeps them. */
int memory_keep(struct stash *st, struct stream_in *in,
		struct stream_item *item, struct failure *f);
int memory_fill_kept(struct restore *r, struct stash *st, struct failure *f);
void stash_free(struct stash *st);

#endif
