/* SPDX-License-Identifier: MIT */
/* memory.h - pages kept back until their puppets can be made */
#ifndef IMAGE_MEMORY_H
#define IMAGE_MEMORY_H

#include "image/image.h"

struct stash {
	struct list runs;	/* of struct kept */
	struct list arenas;	/* of void *, owned */
	uint8_t *at;
	size_t left;
};

/* Reads runs from *@item to the end of the stream and keeps them. */
int memory_keep(struct stash *st, struct stream_in *in,
		struct stream_item *item, struct failure *f);
int memory_fill_kept(struct restore *r, struct stash *st, struct failure *f);
void stash_free(struct stash *st);

#endif
