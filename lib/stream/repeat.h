/* SPDX-License-Identifier: MIT */
/*
 * repeat.h - pages that the stream has had before; private to lib/stream
 *
 * The writer has an index of pages by their content, which says in which run
 * and where in it they were.  The reader has a list of the last runs, which says
 * of what they were: there their pages are now.  Neither keeps the pages.
 */
#ifndef STREAM_REPEAT_H
#define STREAM_REPEAT_H

#include <stdint.h>

#include "stream/codec.h"
#include "stream/stream.h"

/* A part of an earlier run. */
struct repeat {
	uint64_t back;		/* runs back from the one that repeats it, 1.. */
	uint64_t first;		/* page in it */
};

/* As it is in the stream: [back, first]. */
#define REPEAT_BYTES_MAX 19
void repeat_encode(const struct repeat *r, struct bytes *b);
int repeat_decode(struct repeat *r, const uint8_t *data, size_t len);

/* ---- the writer's ---- */

struct repeat_index;

struct repeat_index *repeat_index_new(void);
void repeat_index_free(struct repeat_index *x);
/* The pages that the next calls are about. */
void repeat_look(struct repeat_index *x, const void *pages, uint32_t count);
/*
 * From page @i of @count on: how many pages a run with number @run can take
 * from an earlier one, as *@r says; or, if *@r has back 0, how many it cannot.
 */
uint32_t repeat_find(const struct repeat_index *x, uint64_t run, uint32_t count,
		     uint32_t i, struct repeat *r);
/* @n of the pages, from @i on, have become run @run. */
void repeat_note(struct repeat_index *x, uint64_t run, uint32_t i, uint32_t n);

/* ---- the reader's ---- */

struct repeat_runs {
	struct run_place *runs;	/* owned; of the last that count */
	uint64_t n, room;	/* n: runs so far */
};

struct run_place {
	uint64_t address;
	uint32_t id;
	uint32_t count;		/* 0: cannot be repeated */
};

void repeat_runs_add(struct repeat_runs *l, uint64_t id, uint64_t address,
		     uint32_t count);
/* Where @count pages of @r are, for the run that was added last; NULL if there
 * is no such thing, or why not. */
const char *repeat_place(const struct repeat_runs *l, const struct repeat *r,
			 uint32_t count, struct stream_place *place);
void repeat_runs_free(struct repeat_runs *l);

#endif
