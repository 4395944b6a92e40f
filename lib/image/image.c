/* SPDX-License-Identifier: MIT */
/* image.c - all records of a process tree, by kind */
#include "image/image.h"

#include <stdlib.h>

#include "base/list.h"

size_t kind_row(uint32_t type)
{
	size_t row = 0;

	while (kinds[row] && kinds[row]->type != type)
		row++;
	return row;
}

const struct kind *kind_of(uint32_t type)
{
	return kinds[kind_row(type)];
}

const struct schema *record_schema(uint32_t type)
{
	const struct kind *k = kind_of(type);

	return k ? k->schema : NULL;
}

bool record_known(uint32_t type)
{
	return kind_of(type) != NULL;
}

const char *record_name(uint32_t type)
{
	const struct schema *s = record_schema(type);

	return s ? s->name : NULL;
}

void *image_add(struct image *img, enum record_type type, uint64_t id)
{
	size_t row = kind_row(type);
	struct record *r = list_add(&img->records[row], sizeof(*r));

	if (img->records[row].n > 1 && r[-1].id > id)
		img->unordered[row] = true;
	r->id = id;
	r->data = xcalloc(1, kinds[row]->schema->size);
	return r->data;
}

struct list *image_list(const struct image *img, enum record_type type)
{
	return (struct list *)&img->records[kind_row(type)];
}

static int by_id(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void *image_find(const struct image *img, enum record_type type, uint64_t id)
{
	size_t n;
	struct record *r = image_run(img, type, id, &n);

	return r ? r->data : NULL;
}

struct record *image_run(const struct image *img, enum record_type type,
			 uint64_t id, size_t *n)
{
	size_t row = kind_row(type);
	const struct list *l = &img->records[row];
	struct record *r = l->items, *first = NULL, *end = r + l->n;
	struct record key = { .id = id };

	*n = 0;
	if (!l->n)
		return NULL;
	if (!img->unordered[row]) {
		r = bsearch(&key, r, l->n, sizeof(*r), by_id);
		while (r && r > (struct record *)l->items && r[-1].id == id)
			r--;
		if (!r)
			return NULL;
	}
	for (; r < end; r++) {
		if (r->id == id) {
			if (!first)
				first = r;
			++*n;
		} else if (first) {
			break;
		}
	}
	return first;
}

void image_forget(struct image *img)
{
	for (size_t row = 0; kinds[row]; row++) {
		list_each(&img->records[row], struct record, r) {
			schema_free(kinds[row]->schema, r->data);
			free(r->data);
		}
		list_free(&img->records[row]);
		img->unordered[row] = false;
	}
}

void image_free(struct image *img)
{
	image_forget(img);
	schema_free(&stream_header_schema, &img->header);
}

int image_write_kind(const struct image *img, enum record_type type,
		     struct stream_out *out, struct failure *f)
{
	const struct kind *k = kind_of(type);

	list_each(image_list(img, type), struct record, r)
		if (stream_put(out, type, r->id, k->schema, r->data, f) < 0)
			return -1;
	return 0;
}

int image_write_records(const struct image *img, struct stream_out *out,
			struct failure *f)
{
	for (size_t row = 0; kinds[row]; row++)
		if (image_write_kind(img, kinds[row]->type, out, f) < 0)
			return -1;
	return 0;
}

int image_write(const struct image *img, struct stream_out *out,
		struct failure *f)
{
	return stream_put_header(out, &img->header, f) < 0 ? -1 :
		image_write_records(img, out, f);
}

/* Sorted by id, keeping the order of equals: merge sort would do, and glibc's
 * qsort is one; but that is not promised, so the position breaks the tie. */
struct keyed {
	struct record r;
	size_t at;
};

static int by_id_and_place(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->r.id != y->r.id)
		return x->r.id < y->r.id ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void sort_records(struct list *l)
{
	struct record *r = l->items;
	struct keyed *k;

	k = xmalloc(l->n * sizeof(*k));
	for (size_t i = 0; i < l->n; i++)
		k[i] = (struct keyed){ r[i], i };
	qsort(k, l->n, sizeof(*k), by_id_and_place);
	for (size_t i = 0; i < l->n; i++)
		r[i] = k[i].r;
	free(k);
}

static int index_records(struct image *img, struct failure *f)
{
	for (size_t row = 0; kinds[row]; row++) {
		struct list *l = &img->records[row];
		struct record *r;

		if (img->unordered[row])
			sort_records(l);
		img->unordered[row] = false;
		r = l->items;
		for (size_t i = 1; kinds[row]->unique && i < l->n; i++)
			if (r[i - 1].id == r[i].id)
				return fail(f, STATUS_STREAM,
					    "stream has two %s records with id %llu",
					    kinds[row]->schema->name,
					    (unsigned long long)r[i].id);
	}
	return 0;
}

static bool is_phase(const struct image *img, const struct stream_item *item)
{
	return img->header.live && item->type == RECORD_LIVE;
}

int image_read_records(struct image *img, struct stream_in *in,
		       struct stream_item *item, struct failure *f)
{
	int more;

	while ((more = stream_next(in, item, f)) > 0 &&
	       item->type != STREAM_PAGES && !is_phase(img, item)) {
		const struct kind *k = kind_of(item->type);

		if (k && stream_get(in, k->schema,
				    image_add(img, item->type, item->id), f) < 0)
			return -1;
	}
	if (more < 0 || index_records(img, f) < 0)
		return -1;
	return more;
}

int image_read(struct image *img, struct stream_in *in,
	       struct stream_item *item, struct failure *f)
{
	stream_in_known(in, record_known);
	stream_in_names(in, record_name);
	if (stream_get_header(in, &img->header, f) < 0)
		return -1;
	return image_read_records(img, in, item, f);
}
