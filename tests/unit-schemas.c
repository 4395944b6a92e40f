/* SPDX-License-Identifier: MIT */
/*
 * unit-schemas.c - every table of fields of every kind of record
 *
 *	unit-schemas		each is in order and goes round, full and empty
 *	unit-schemas FILE	also writes a stream with every field of every kind
 *				to FILE, for a reader that is not ours
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fill.h"
#include "image/image.h"
#include "stream/codec.h"
#include "stream/stream.h"

static unsigned int passed, broken;

static void check(bool right, const char *name, const char *what)
{
	if (right) {
		passed++;
		return;
	}
	printf("%s: not so: %s\n", name, what);
	broken++;
}

/* ---- each table ---- */

static void check_round(const struct schema *s, const void *rec)
{
	struct bytes a = { 0 }, b = { 0 };
	void *copy = xcalloc(1, s->size);
	struct failure f = { 0 };

	check(schema_encode(s, rec, &a, &f) == 0 &&
	      schema_decode(s, copy, a.data, a.n, &f) == 0 &&
	      schema_encode(s, copy, &b, &f) == 0, s->name, f.text);
	check(a.n == b.n && !memcmp(a.data, b.data, a.n), s->name,
	      "it is the same after a round");
	schema_free(s, copy);
	free(copy);
	bytes_free(&a);
	bytes_free(&b);
}

static size_t alignment(const struct field *d)
{
	if (d->type == FIELD_FIXED)
		return 1;
	return d->size < 8 ? d->size : 8;
}

/* End of the field before @offset. */
static size_t end_before(const struct schema *s, size_t offset)
{
	size_t end = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct field *d = &s->fields[i];

		if (d->offset < offset && d->offset + d->size > end)
			end = d->offset + d->size;
	}
	return end;
}

/* A member without a field would stay behind: between two fields there is
 * room for padding, and for nothing else. */
static void check_gaps(const struct schema *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct field *d = &s->fields[i];

		check(d->offset - end_before(s, d->offset) < alignment(d),
		      d->key, "no member without a field stands before it");
	}
	check(s->size - end_before(s, s->size) < 8, s->name,
	      "no member without a field is the last");
}

static void check_schema(const struct schema *s)
{
	void *rec = xcalloc(1, s->size);
	struct failure f = { 0 };

	check(schema_check(s, &f) == 0, s->name, f.text);
	check_gaps(s);
	check_round(s, rec);
	fill(s, rec, false);
	check_round(s, rec);
	schema_free(s, rec);
	fill(s, rec, true);
	check_round(s, rec);
	schema_free(s, rec);
	free(rec);
}

/* ---- a stream of them all ---- */

static int put_kind(struct stream_out *o, const struct kind *k, bool extreme,
		    struct failure *f)
{
	void *rec = xcalloc(1, k->schema->size);
	int r;

	fill(k->schema, rec, extreme);
	r = stream_put(o, k->type, fill_id(k->type), k->schema, rec, f);
	schema_free(k->schema, rec);
	free(rec);
	return r;
}

static int put_kinds(struct stream_out *o, bool extreme, struct failure *f)
{
	for (size_t i = 0; kinds[i]; i++)
		if (put_kind(o, kinds[i], extreme, f) < 0)
			return -1;
	return 0;
}

static int put_runs(struct stream_out *o, struct failure *f)
{
	size_t n = (size_t)STREAM_RUN_MAX * STREAM_PAGE;
	uint8_t *pages = xmalloc(n);
	int r;

	for (size_t i = 0; i < n; i++)
		pages[i] = i * 2654435761u >> 24;
	r = stream_put_pages(o, 77, 0x1000, 3, CODING_RAW, pages, f);
	if (r == 0)
		r = stream_put_pages(o, 77, 0x7f0000000000, STREAM_RUN_MAX,
				     CODING_RAW, pages, f);
	if (r == 0)
		r = stream_put_pages(o, OBJECT_FIRST, 0, STREAM_RUN_MAX,
				     CODING_ZERO, NULL, f);
	free(pages);
	return r;
}

static int put_all(struct stream_out *o, struct failure *f)
{
	struct stream_header h = { 0 };
	int r;

	fill(&stream_header_schema, &h, false);
	r = stream_put_header(o, &h, f);
	schema_free(&stream_header_schema, &h);
	if (r < 0 || put_kinds(o, false, f) < 0 || put_kinds(o, true, f) < 0 ||
	    put_runs(o, f) < 0)
		return -1;
	return stream_put_end(o, f);
}

static void write_sample(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct stream_out *o = stream_out_new(fd);
	struct failure f = { 0 };

	check(put_all(o, &f) == 0, path, f.text);
	stream_out_free(o);
	close(fd);
}

int main(int argc, char **argv)
{
	check_schema(&stream_header_schema);
	check_schema(&stream_end_schema);
	for (size_t i = 0; kinds[i]; i++) {
		check(record_schema(kinds[i]->type) == kinds[i]->schema,
		      kinds[i]->schema->name, "its type is its own");
		check_schema(kinds[i]->schema);
	}
	if (argc == 2)
		write_sample(argv[1]);
	printf("unit-schemas: %u passed, %u failed\n", passed, broken);
	return broken ? 1 : 0;
}
