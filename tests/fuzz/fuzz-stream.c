/* SPDX-License-Identifier: MIT */
/*
 * fuzz-stream.c - any bytes at all into the reader
 *
 * The first byte of the input says how the rest is fed: how much of it arrives
 * at a time, with or without a copy, whether pages are taken or skipped.  Every
 * record is decoded by its type: by the tables of lib/image, and where there is
 * none by one that has every type of field.  What was decoded is printed both
 * ways, and encoded and decoded again it has to be the same bytes.
 *
 * Linked with no-hash.c: all checksums are 0.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "image/image.h"
#include "stream/codec.h"
#include "stream/stream.h"

struct leaf {
	int64_t i8;
	char *name;
};

static const struct field leaf_fields[] = {
	FIELD(struct leaf, i8, FIELD_INT),
	FIELD(struct leaf, name, FIELD_TEXT),
};

static const struct schema leaf_schema =
	SCHEMA("leaf", struct leaf, leaf_fields);

struct branch {
	struct list words;
	struct list leaves;
};

static const struct field branch_fields[] = {
	FIELD(struct branch, words, FIELD_WORDS),
	FIELD(struct branch, leaves, FIELD_STRUCTS, .sub = &leaf_schema),
};

static const struct schema branch_schema =
	SCHEMA("branch", struct branch, branch_fields);

struct every {
	bool b;
	uint8_t u1;
	uint16_t u2;
	uint32_t u4;
	uint64_t u8;
	int32_t i4;
	int64_t i8;
	char *text;
	struct blob blob;
	uint8_t fixed[4];
	struct list words;
	struct list branches;
};

static const struct field every_fields[] = {
	FIELD(struct every, b, FIELD_BOOL),
	FIELD(struct every, i4, FIELD_INT),
	FIELD(struct every, i8, FIELD_INT),
	FIELD(struct every, u1, FIELD_UINT),
	FIELD(struct every, u2, FIELD_UINT),
	FIELD(struct every, u4, FIELD_UINT),
	FIELD(struct every, u8, FIELD_UINT, .hex = true),
	FIELD(struct every, blob, FIELD_BLOB, .max = 100),
	FIELD(struct every, text, FIELD_TEXT),
	FIELD(struct every, fixed, FIELD_FIXED),
	FIELD(struct every, words, FIELD_WORDS, .max = 16, .hex = true),
	FIELD(struct every, branches, FIELD_STRUCTS, .sub = &branch_schema),
};

static const struct schema every_schema =
	SCHEMA("every", struct every, every_fields);

static const struct schema *schema_of(uint32_t type)
{
	const struct schema *s = record_schema(type);

	return s ? s : &every_schema;
}

static bool known(uint32_t type)
{
	return type != 99;
}

static const char *name(uint32_t type)
{
	return schema_of(type)->name;
}

static int devnull = -1;
static FILE *nowhere;

/* The first byte of the input. */
enum how {
	HOW_TEE = 1,
	HOW_SKIP = 2,		/* take neither records nor pages */
	HOW_NO_HEADER = 4,	/* let stream_next() read it */
	HOW_PACKETS = 8,	/* a short read after every few bytes */
};

/* What was read, written again, must be read as the same. */
static void again(const struct schema *s, const void *rec)
{
	struct failure f = { 0 };
	struct bytes a = { 0 }, b = { 0 };
	void *copy = xcalloc(1, s->size);

	if (schema_encode(s, rec, &a, &f) < 0)
		abort();
	if (schema_decode(s, copy, a.data, a.n, &f) < 0)
		abort();
	if (schema_encode(s, copy, &b, &f) < 0)
		abort();
	if (a.n != b.n || memcmp(a.data, b.data, a.n))
		abort();
	schema_free(s, copy);
	free(copy);
	bytes_free(&a);
	bytes_free(&b);
}

static int take_record(struct stream_in *in, const struct schema *s,
		       struct failure *f)
{
	void *rec = xcalloc(1, s->size);
	int r = stream_get(in, s, rec, f);

	if (r == 0) {
		schema_print_json(nowhere, s, rec);
		schema_print_text(nowhere, s, rec);
		again(s, rec);
	}
	schema_free(s, rec);
	free(rec);
	return r;
}

/* Nothing is kept here; but what is asked for must have come. */
static int recall(void *arg, const struct stream_place *place, void *to,
		  struct failure *f)
{
	(void)arg;
	(void)f;
	if (!place->count || place->count > STREAM_RUN_MAX ||
	    place->address % STREAM_PAGE || place->id >= STREAM_SPACES)
		abort();
	memset(to, 0, (size_t)place->count * STREAM_PAGE);
	return 0;
}

static int take_pages(struct stream_in *in, const struct stream_item *it,
		      struct failure *f)
{
	const volatile uint8_t *p;

	if (it->coding == CODING_REPEAT && it->run % 2)
		return 0;	/* let it be skipped */
	p = stream_get_pages(in, f);

	if (!p)
		return -1;
	for (size_t i = 0; i < it->count; i++)
		(void)p[i * STREAM_PAGE + STREAM_PAGE - 1];
	return 0;
}

static int take(struct stream_in *in, const struct stream_item *it,
		struct failure *f)
{
	if (it->type == STREAM_PAGES)
		return take_pages(in, it, f);
	return take_record(in, schema_of(it->type), f);
}

static int read_all(struct stream_in *in, int how, struct failure *f)
{
	struct stream_header h = { 0 };
	struct stream_item it;
	int r = 0;

	if (!(how & HOW_NO_HEADER)) {
		r = stream_get_header(in, &h, f);
		if (r == 0)
			again(&stream_header_schema, &h);
		schema_free(&stream_header_schema, &h);
	}
	while (r == 0 && (r = stream_next(in, &it, f)) == 1)
		r = how & HOW_SKIP ? 0 : take(in, &it, f);
	return r;
}

/* Whatever it was, the reader has one sentence for it. */
static void check_outcome(struct stream_in *in, int r, const struct failure *f,
			  size_t n)
{
	struct stream_end totals;
	size_t rest;

	stream_in_totals(in, &totals);
	stream_in_rest(in, &rest);
	if (totals.bytes + rest > n)
		abort();
	if (r == 0 ? f->status != 0 : f->status != STATUS_STREAM)
		abort();
	if (r < 0 && (!f->text[0] || strchr(f->text, '\n')))
		abort();
}

/* Every packet of a seqpacket socket is a read(2) of its own. */
static int packets(const uint8_t *data, size_t n)
{
	int s[2], step = n / 64 + 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) < 0)
		abort();
	for (size_t i = 0; i < n; i += step) {
		size_t len = n - i < (size_t)step ? n - i : (size_t)step;

		/* Non-blocking: too much for the queue is a truncated stream. */
		if (send(s[0], data + i, len, MSG_DONTWAIT) < 0)
			break;
	}
	close(s[0]);
	return s[1];
}

static int memory(const uint8_t *data, size_t n)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct failure f = { 0 };
	struct stream_in *in;
	int how, fd, r;

	if (n == 0)
		return 0;
	if (!nowhere) {
		nowhere = fopen("/dev/null", "w");
		devnull = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	how = *data++;
	n--;
	fd = how & HOW_PACKETS ? packets(data, n) : memory(data, n);
	in = stream_in_new(fd);
	stream_in_known(in, known);
	stream_in_names(in, name);
	stream_in_recall(in, recall, NULL);
	if (how & HOW_TEE)
		stream_in_tee(in, devnull);
	r = read_all(in, how, &f);
	check_outcome(in, r, &f, n);
	stream_in_free(in);
	if (how & HOW_PACKETS)
		close(fd);
	return 0;
}
