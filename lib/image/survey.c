/* SPDX-License-Identifier: MIT */
/* survey.c - an image looked through: records by id, pages by what they are of */
#include "image/survey.h"

#include <stdlib.h>

#include "base/list.h"

/* Records of a list lie one after the other: their address is their order. */
static int by_id_and_place(const void *a, const void *b)
{
	const struct record *x = *(const struct record *const *)a;
	const struct record *y = *(const struct record *const *)b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void index_kind(struct survey_kind *k, const struct list *records)
{
	k->records = xcalloc(records->n + 1, sizeof(*k->records));
	list_each(records, const struct record, r)
		k->records[k->n++] = r;
	qsort(k->records, k->n, sizeof(*k->records), by_id_and_place);
}

void survey_init(struct survey *s, const struct image *image)
{
	static const enum record_type with_pages[] = {
		RECORD_SPACE, RECORD_MAPPING, RECORD_OBJECT, RECORD_CARRIED,
	};

	*s = (struct survey){ .image = image };
	for (size_t row = 0; kinds[row]; row++)
		index_kind(&s->kinds[row], &image->records[row]);
	for (size_t i = 0; i < sizeof(with_pages) / sizeof(*with_pages); i++) {
		struct survey_kind *k = &s->kinds[kind_row(with_pages[i])];

		k->pages = xcalloc(k->n + 1, sizeof(*k->pages));
	}
}

void survey_free(struct survey *s)
{
	for (size_t row = 0; kinds[row]; row++) {
		free(s->kinds[row].records);
		free(s->kinds[row].pages);
	}
	*s = (struct survey){ 0 };
}

const struct survey_kind *survey_kind(const struct survey *s,
				      enum record_type type)
{
	return &s->kinds[kind_row(type)];
}

/* Place of the first record whose id is @id or more. */
static size_t lower_bound(const struct survey_kind *k, uint64_t id)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (k->records[mid]->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t survey_run(const struct survey *s, enum record_type type, uint64_t id,
		  size_t *n)
{
	const struct survey_kind *k = survey_kind(s, type);
	size_t at = lower_bound(k, id);

	*n = (id == UINT64_MAX ? k->n : lower_bound(k, id + 1)) - at;
	return at;
}

const void *survey_find(const struct survey *s, enum record_type type,
			uint64_t id)
{
	size_t n, at = survey_run(s, type, id, &n);

	return n ? survey_kind(s, type)->records[at]->data : NULL;
}

/* ---- pages ---- */

static void add(const struct survey_kind *k, size_t at,
		const struct stream_item *run)
{
	k->pages[at].pages += run->count;
	if (run->coding == CODING_ZERO)
		k->pages[at].zeros += run->count;
}

/* Place of the mapping that the whole run is in; -1 if there is none. */
static ssize_t mapping_of(const struct survey *s, const struct stream_item *run)
{
	const struct survey_kind *k = survey_kind(s, RECORD_MAPPING);
	uint64_t size = (uint64_t)run->count * STREAM_PAGE;
	size_t n, low = survey_run(s, RECORD_MAPPING, run->id, &n);
	size_t high = low + n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct rec_mapping *m = k->records[mid]->data;

		if (run->address < m->start)
			high = mid;
		else if (run->address >= m->end)
			low = mid + 1;
		else
			return size <= m->end - run->address ? (ssize_t)mid : -1;
	}
	return -1;
}

/* The two share one series of ids: objects and carried files. */
static enum record_type type_of(const struct survey *s, uint64_t id)
{
	if (id < OBJECT_FIRST)
		return RECORD_SPACE;
	return survey_find(s, RECORD_OBJECT, id) ? RECORD_OBJECT :
		RECORD_CARRIED;
}

static bool count_object(struct survey *s, const struct stream_item *run)
{
	enum record_type type = type_of(s, run->id);
	size_t n, at = survey_run(s, type, run->id, &n);
	const void *rec = survey_find(s, type, run->id);
	uint64_t size, pages;

	if (!rec)
		return false;
	size = type == RECORD_OBJECT ? ((const struct rec_object *)rec)->size :
		((const struct rec_carried *)rec)->size;
	pages = size / STREAM_PAGE + (size % STREAM_PAGE != 0);
	if (run->count > pages || run->address / STREAM_PAGE > pages - run->count)
		return false;
	add(survey_kind(s, type), at, run);
	return true;
}

static bool count_space(struct survey *s, const struct stream_item *run)
{
	size_t n, at = survey_run(s, RECORD_SPACE, run->id, &n);
	ssize_t mapping = mapping_of(s, run);

	if (!n || mapping < 0)
		return false;
	add(survey_kind(s, RECORD_SPACE), at, run);
	add(survey_kind(s, RECORD_MAPPING), mapping, run);
	return true;
}

void survey_count(struct survey *s, const struct stream_item *run)
{
	struct survey_coding *c = &s->codings[run->coding];

	c->runs++;
	c->pages += run->count;
	c->bytes += run->bytes;
	if (!(run->id < OBJECT_FIRST ? count_space : count_object)(s, run))
		s->strays += run->count;
}

struct survey_pages survey_pages(const struct survey *s, uint64_t id)
{
	enum record_type type = type_of(s, id);
	size_t n, at = survey_run(s, type, id, &n);

	return n ? survey_kind(s, type)->pages[at] : (struct survey_pages){ 0 };
}
