/* SPDX-License-Identifier: MIT */
/*
 * repeat.c - pages that the stream has had before
 *
 * Processes that have come from each other by fork(2) share most pages, and so
 * do copies in one of them.  The index is a table of buckets: in a full one the
 * oldest page goes.  It knows the first place of a content, so that all later
 * ones refer to that, one after the other.
 *
 * Two contents of one hash would be taken for the same.  Somebody might make
 * such pages on purpose if he knew the hash, so it has a key that is random,
 * never leaves the process, and is another one for each stream.  The reader
 * compares the run's own checksum on top.
 */
#include "stream/repeat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/list.h"
#include "stream/hash.h"
#include "stream/token.h"

#define WAYS	4		/* pages in a bucket */
#define BUCKETS	(1u << 17)	/* 12 MiB of memory, for 2 GiB of content */
#define WORTH_IT 4		/* fewer pages are not worth a run of their own */

#define FIRST_PLACES 1024
#define PLACES	(STREAM_BACK_MAX + 1)	/* that of the run itself, too */

_Static_assert(STREAM_RUN_MAX <= 1 << 10, "a page's place in its run");

struct entry {
	uint64_t hash[2];
	uint64_t place;		/* (run + 1) << 10 | page in it; 0 none */
};

struct repeat_index {
	struct entry (*buckets)[WAYS];	/* mapped */
	uint64_t key;
	uint64_t hash[STREAM_RUN_MAX][2];	/* of those looked at */
};

/* ---- as it is in the stream ---- */

void repeat_encode(const struct repeat *r, struct bytes *b)
{
	bytes_put_array(b, 2);
	bytes_put_uint(b, r->back);
	bytes_put_uint(b, r->first);
}

int repeat_decode(struct repeat *r, const uint8_t *data, size_t len)
{
	struct cursor c = { .p = data, .end = data + len };
	struct scan scan = { 0 };
	struct token array, back, first;
	const char *why;
	size_t need;

	if (scan_item(&scan, data, len, REPEAT_BYTES_MAX, &need, &why) <= 0 ||
	    scan.pos != len)
		return -1;
	array = token_next(&c);
	if (array.kind != TOKEN_ARRAY || array.value != 2)
		return -1;
	back = token_next(&c);
	first = token_next(&c);
	if (back.kind != TOKEN_UINT || first.kind != TOKEN_UINT)
		return -1;
	*r = (struct repeat){ back.value, first.value };
	return 0;
}

/* ---- the writer's ---- */

struct repeat_index *repeat_index_new(void)
{
	struct repeat_index *x = xcalloc(1, sizeof(*x));
	void *at = mmap(NULL, BUCKETS * sizeof(*x->buckets),
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		xmalloc(SIZE_MAX);	/* says so and ends */
	x->buckets = at;
	getrandom(&x->key, sizeof(x->key), 0);
	return x;
}

void repeat_index_free(struct repeat_index *x)
{
	if (!x)
		return;
	munmap(x->buckets, BUCKETS * sizeof(*x->buckets));
	free(x);
}

static struct entry *bucket_of(const struct repeat_index *x,
			       const uint64_t hash[2])
{
	return x->buckets[hash[0] % BUCKETS];
}

static uint64_t place_of(const struct repeat_index *x, const uint64_t hash[2])
{
	const struct entry *bucket = bucket_of(x, hash);

	for (int i = 0; i < WAYS; i++)
		if (bucket[i].place && !memcmp(bucket[i].hash, hash, 16))
			return bucket[i].place;
	return 0;
}

/* Where page @i was, if it is not farther back from @run than the reader
 * remembers. */
static uint64_t reachable(const struct repeat_index *x, uint64_t run, uint32_t i)
{
	uint64_t place = place_of(x, x->hash[i]);

	return place && run + 1 - (place >> 10) <= STREAM_BACK_MAX ? place : 0;
}

/* How many pages from @i on follow each other in one earlier run. */
static uint32_t stretch(const struct repeat_index *x, uint64_t run, uint32_t i,
			uint32_t count, uint64_t *place)
{
	uint32_t n = 0;

	*place = reachable(x, run, i);
	if (!*place)
		return 0;
	do
		n++;
	while (i + n < count && (*place & 1023) + n < STREAM_RUN_MAX &&
	       reachable(x, run, i + n) == *place + n);
	return n;
}

void repeat_look(struct repeat_index *x, const void *pages, uint32_t count)
{
	const uint8_t *p = pages;

	for (uint32_t i = 0; i < count; i++, p += STREAM_PAGE)
		hash128_keyed(p, STREAM_PAGE, x->key, x->hash[i]);
}

uint32_t repeat_find(const struct repeat_index *x, uint64_t run, uint32_t count,
		     uint32_t i, struct repeat *r)
{
	uint32_t at = i, n;

	*r = (struct repeat){ 0 };
	for (; at < count; at += n ? n : 1) {
		uint64_t place;

		n = stretch(x, run, at, count, &place);
		if (n < WORTH_IT && n < count)
			continue;
		if (at > i)
			break;
		*r = (struct repeat){
			.back = run + 1 - (place >> 10), .first = place & 1023,
		};
		return n;
	}
	return at - i;
}

static void note_page(struct repeat_index *x, const uint64_t hash[2],
		      uint64_t place)
{
	struct entry *bucket = bucket_of(x, hash), *oldest = bucket;

	for (int i = 0; i < WAYS; i++) {
		/* The first stays, while it can be reached. */
		if (bucket[i].place && !memcmp(bucket[i].hash, hash, 16)) {
			if (place - bucket[i].place > STREAM_BACK_MAX / 2 << 10)
				bucket[i].place = place;
			return;
		}
		if (bucket[i].place < oldest->place)
			oldest = &bucket[i];
	}
	memcpy(oldest->hash, hash, 16);
	oldest->place = place;
}

void repeat_note(struct repeat_index *x, uint64_t run, uint32_t i, uint32_t n)
{
	for (uint32_t at = 0; at < n; at++)
		note_page(x, x->hash[i + at], (run + 1) << 10 | at);
}

/* ---- the reader's ---- */

void repeat_runs_add(struct repeat_runs *l, uint64_t id, uint64_t address,
		     uint32_t count)
{
	if (l->n == l->room && l->room < PLACES) {
		l->room = l->room ? 2 * l->room : FIRST_PLACES;
		l->runs = xrealloc(l->runs, l->room * sizeof(*l->runs));
	}
	l->runs[l->n++ % PLACES] = (struct run_place){
		.address = address, .id = id,
		.count = id < STREAM_SPACES ? count : 0,
	};
}

const char *repeat_place(const struct repeat_runs *l, const struct repeat *r,
			 uint32_t count, struct stream_place *place)
{
	const struct run_place *from;
	uint64_t run;

	if (!r->back || r->back >= l->n)
		return "a repeat of what has not come";
	if (r->back > STREAM_BACK_MAX)
		return "a repeat of what came too long ago";
	run = l->n - 1 - r->back;
	from = &l->runs[run % PLACES];
	if (!from->count)
		return "a repeat of what is not of an address space";
	if (r->first >= from->count || count > from->count - r->first)
		return "a repeat of more than there was";
	*place = (struct stream_place){
		.run = run, .id = from->id, .count = count,
		.address = from->address + r->first * STREAM_PAGE,
	};
	return NULL;
}

void repeat_runs_free(struct repeat_runs *l)
{
	free(l->runs);
	*l = (struct repeat_runs){ 0 };
}
