/* SPDX-License-Identifier: MIT */
/* memory.h - pages on their way into puppets, and kept back until these are there */
#ifndef IMAGE_MEMORY_H
#define IMAGE_MEMORY_H

#include "base/pageset.h"
#include "image/restore.h"
#include "tracee/tracee.h"

/* Pages of a process that runs on meanwhile: what can be read goes to @sent,
 * what has just been unmapped to @missed. */
struct sender {
	struct source *s;
	struct stream_out *out;
	struct pageset *sent, *missed;
};
/* Those of @pages that are in @m: anonymous memory. */
int memory_send(const struct sender *, const struct rec_mapping *m,
		const struct pageset *pages, struct failure *f);

struct stash {
	struct list runs;	/* of struct kept */
	struct list arenas;	/* of void *, owned */
	uint8_t *at;
	size_t left;
};

/* The next run, and past what a live stream says between them. */
int memory_next(const struct restore *r, struct stream_in *in,
		struct stream_item *item, struct failure *f);
/* Reads runs from *@item to the end of the stream, into the puppets. */
int memory_fill(struct restore *r, struct stream_in *in,
		struct stream_item *item, struct failure *f);
/* Ranges of pages (struct page_range) of process @id, out of another one's; the
 * last time, memory_filled() is for the caller. */
int memory_copy(struct restore *r, struct strings *from, uint64_t id,
		const struct list *ranges, struct failure *f);
/* Nothing of the puppets is watched any more: who touched a page of theirs that is
 * not there would wait for ever.  memory_fill() has done so. */
void memory_filled(struct restore *r);
/* A userfaultfd of the puppet, p->uffd, made if there is none yet. */
bool puppet_has_uffd(struct puppet *p);

/* Reads runs likewise, and keeps them. */
int memory_keep(const struct restore *r, struct stash *st, struct stream_in *in,
		struct stream_item *item, struct failure *f);
int memory_fill_kept(struct restore *r, struct stash *st, struct failure *f);
void stash_free(struct stash *st);

#endif
