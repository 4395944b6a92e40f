/* SPDX-License-Identifier: MIT */
/*
 * seeds.c - a small corpus for fuzz-stream: seeds DIRECTORY
 *
 * Streams that the reader accepts with all checksums 0 (see no-hash.c), one
 * more feature in each; the byte before each is how it is fed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../fill.h"
#include "base/io.h"
#include "image/image.h"
#include "stream/stream.h"

struct thing {
	bool b;
	int32_t i4;
	uint32_t u4;
	uint64_t u8;
	struct blob blob;
	char *text;
	uint8_t fixed[4];
	struct list words;
};

static const struct field thing_fields[] = {
	FIELD(struct thing, b, FIELD_BOOL),
	FIELD(struct thing, i4, FIELD_INT),
	FIELD(struct thing, u4, FIELD_UINT),
	FIELD(struct thing, u8, FIELD_UINT),
	FIELD(struct thing, blob, FIELD_BLOB),
	FIELD(struct thing, text, FIELD_TEXT),
	FIELD(struct thing, fixed, FIELD_FIXED),
	FIELD(struct thing, words, FIELD_WORDS),
};

static const struct schema thing_schema =
	SCHEMA("thing", struct thing, thing_fields);

/* Types that no table knows: fuzz-stream has one for them. */
#define THINGS	900

static char utf8[] = "/caf\xc3\xa9";
static char bytes[] = "/caf\xe9";
static uint8_t page[STREAM_PAGE] = { 1, 2, 3 };

static void die(const char *why)
{
	fprintf(stderr, "seeds: %s\n", why);
	exit(1);
}

static int put_things(struct stream_out *o, struct failure *f)
{
	struct thing t = {
		.b = true, .i4 = -70000, .u4 = 300, .u8 = 1ull << 40,
		.text = utf8, .fixed = { 1 },
		.blob = { .data = page, .len = 30 },
	};

	*(uint64_t *)list_add(&t.words, 8) = 5;
	*(uint64_t *)list_add(&t.words, 8) = 1ull << 33;
	for (uint32_t type = THINGS; type < THINGS + 2; type++) {
		t.text = type % 2 ? utf8 : bytes;
		if (stream_put(o, type, type, &thing_schema, &t, f) < 0)
			return -1;
	}
	list_free(&t.words);
	return 0;
}

static int put_kind(struct stream_out *o, const struct kind *k,
		    struct failure *f)
{
	void *rec = xcalloc(1, k->schema->size);
	int r;

	fill(k->schema, rec, false);
	r = stream_put(o, k->type, fill_id(k->type), k->schema, rec, f);
	schema_free(k->schema, rec);
	free(rec);
	return r;
}

/* Packed in both ways, and once more as a repeat. */
static int put_codings(struct stream_out *o, struct failure *f)
{
	static uint8_t pages[4 * STREAM_PAGE];

	for (size_t i = 0; i < sizeof(pages); i++)
		pages[i] = i / STREAM_PAGE + i % 7;
	stream_compress(o, COMPRESS_ZSTD);
	if (stream_put_pages(o, 1, 0x10000, 4, CODING_LZ4, pages, f) < 0 ||
	    stream_put_content(o, 1, 0x20000, 4, true, pages, f) < 0 ||
	    stream_put_content(o, 1, 0x30000, 4, true, pages, f) < 0)
		return -1;
	return stream_put_pages(o, 1, 0x40000, 4, CODING_LZ4, pages, f);
}

/* Every third from @first on: shorter inputs are mutated faster. */
static int put_kinds(struct stream_out *o, int first, struct failure *f)
{
	for (size_t i = 0; kinds[i]; i++)
		if (i % 3 == (size_t)first && put_kind(o, kinds[i], f) < 0)
			return -1;
	return 0;
}

static int put_all(struct stream_out *o, int features, struct failure *f)
{
	struct stream_header h = { .kind = utf8, .id = { 1 } };

	if (stream_put_header(o, &h, f) < 0)
		return -1;
	if (features & 1 && put_things(o, f) < 0)
		return -1;
	if (features & 2 &&
	    stream_put_pages(o, 1, 0x1000, 3, CODING_ZERO, NULL, f) < 0)
		return -1;
	if (features & 4 &&
	    stream_put_pages(o, 1, 0x8000, 1, CODING_RAW, page, f) < 0)
		return -1;
	for (int first = 0; first < 3; first++)
		if (features & 8 << first && put_kinds(o, first, f) < 0)
			return -1;
	if (features & 64 && put_codings(o, f) < 0)
		return -1;
	return stream_put_end(o, f);
}

static void seed(int dir, unsigned int how, unsigned int features)
{
	struct failure f = { 0 };
	struct stream_out *o;
	uint8_t first = how;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "seed-%02u-%03u", how, features);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write_full(fd, &first, 1) < 0)
		die("cannot write there");
	o = stream_out_new(fd);
	if (put_all(o, features, &f) < 0)
		die(f.text);
	stream_out_free(o);
	close(fd);
}

int main(int argc, char **argv)
{
	int dir = argc == 2 ? open(argv[1], O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir < 0)
		die("wants a directory");
	for (unsigned int how = 0; how < 16; how += 3)
		for (unsigned int features = 0; features < 128; features++)
			seed(dir, how, features);
	return 0;
}
