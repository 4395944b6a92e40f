/* SPDX-License-Identifier: MIT */
/* pageset.c - a set of pages of an address space, by address */
#include "base/pageset.h"

#include <stdlib.h>
#include <string.h>

#define PAGE		4096ull
#define WORDS		512
#define BLOCK		(WORDS * 64 * PAGE)	/* bytes of addresses */

struct block {
	uint64_t base;
	uint64_t *bits;		/* owned: WORDS */
};

/* The first block at or above @base. */
static size_t place_of(const struct pageset *s, uint64_t base)
{
	size_t low = 0, high = s->blocks.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (list_at(&s->blocks, struct block, mid)->base < base)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct block *block_find(const struct pageset *s, uint64_t base)
{
	size_t i = place_of(s, base);
	struct block *b = list_at(&s->blocks, struct block, i);

	return i < s->blocks.n && b->base == base ? b : NULL;
}

static struct block *block_make(struct pageset *s, uint64_t base)
{
	size_t i = place_of(s, base);
	struct block *b = list_at(&s->blocks, struct block, i);

	if (i < s->blocks.n && b->base == base)
		return b;
	list_add(&s->blocks, sizeof(*b));
	b = list_at(&s->blocks, struct block, i);
	memmove(b + 1, b, (s->blocks.n - 1 - i) * sizeof(*b));
	*b = (struct block){ base, xcalloc(WORDS, sizeof(uint64_t)) };
	return b;
}

/* Bits @from..@to of the word, @to not included. */
static uint64_t mask(unsigned from, unsigned to)
{
	return (to < 64 ? (1ull << to) - 1 : ~0ull) & ~((1ull << from) - 1);
}

/* Each word of the block that has pages of [start, end): its bits are changed;
 * true if one was set before. */
enum change { LOOK, SET, CLEAR };

static bool change(struct block *b, uint64_t start, uint64_t end, enum change to)
{
	uint64_t first = (start - b->base) / PAGE, last = (end - b->base) / PAGE;
	bool any = false;

	while (first < last) {
		uint64_t *word = &b->bits[first / 64];
		uint64_t stop = (first / 64 + 1) * 64;
		uint64_t m = mask(first % 64, stop < last ? 64 :
				  last - first / 64 * 64);

		any |= *word & m;
		if (to == SET)
			*word |= m;
		else if (to == CLEAR)
			*word &= ~m;
		first = stop;
	}
	return any;
}

static uint64_t base_of(uint64_t address)
{
	return address - address % BLOCK;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void pageset_add(struct pageset *s, uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t stop = lesser(end, base_of(start) + BLOCK);

		change(block_make(s, base_of(start)), start, stop, SET);
		start = stop;
	}
}

static bool each_there(const struct pageset *s, uint64_t start, uint64_t end,
		       enum change to)
{
	bool any = false;

	for (size_t i = place_of(s, base_of(start)); i < s->blocks.n; i++) {
		struct block *b = list_at(&s->blocks, struct block, i);
		uint64_t from = start > b->base ? start : b->base;

		if (b->base >= end)
			break;
		any |= change(b, from, lesser(end, b->base + BLOCK), to);
	}
	return any;
}

void pageset_remove(struct pageset *s, uint64_t start, uint64_t end)
{
	each_there(s, start, end, CLEAR);
}

bool pageset_any(const struct pageset *s, uint64_t start, uint64_t end)
{
	return each_there(s, start, end, LOOK);
}

/* The first page from @at on that is in the set, or is not; @end if none. */
static uint64_t seek(const struct pageset *s, uint64_t at, uint64_t end, bool in)
{
	while (at < end) {
		const struct block *b = block_find(s, base_of(at));
		uint64_t page = (at - base_of(at)) / PAGE, word;

		if (!b) {
			size_t i = place_of(s, base_of(at));

			if (!in)
				return at;
			if (i == s->blocks.n)
				return end;
			at = list_at(&s->blocks, struct block, i)->base;
			continue;
		}
		word = in ? b->bits[page / 64] : ~b->bits[page / 64];
		word &= mask(page % 64, 64);
		if (word)
			return lesser(end, b->base + (page / 64 * 64 +
					   __builtin_ctzll(word)) * PAGE);
		at = b->base + (page / 64 + 1) * 64 * PAGE;
	}
	return end;
}

bool pageset_next(const struct pageset *s, uint64_t *start, uint64_t end,
		  uint64_t *stop)
{
	*start = seek(s, *start, end, true);
	if (*start >= end)
		return false;
	*stop = seek(s, *start, end, false);
	return true;
}

uint64_t pageset_count(const struct pageset *s)
{
	uint64_t n = 0;

	list_each(&s->blocks, struct block, b)
		for (size_t i = 0; i < WORDS; i++)
			n += __builtin_popcountll(b->bits[i]);
	return n;
}

void pageset_free(struct pageset *s)
{
	list_each(&s->blocks, struct block, b)
		free(b->bits);
	list_free(&s->blocks);
}
