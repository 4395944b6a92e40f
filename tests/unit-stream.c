/* SPDX-License-Identifier: MIT */
/*
 * unit-stream.c - what is written is read, and nothing else is
 *
 * Every type of field goes round; bytes are compared with what RFC 8949 says;
 * each sentence of failure is brought about; and a small stream is cut at every
 * byte and has every bit turned: not one of these may be taken for a stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "stream/codec.h"
#include "stream/private.h"
#include "stream/stream.h"
#include "stream/token.h"
#include "stream/utf8.h"

static unsigned int passed, broken;

static void report(const char *file, int line, const char *what)
{
	printf("%s:%d: not so: %s\n", file, line, what);
	broken++;
}

#define CHECK(cond)							\
	do {								\
		if (cond)						\
			passed++;					\
		else							\
			report(__FILE__, __LINE__, #cond);		\
	} while (0)

#define CHECK_HAS(text, part)						\
	do {								\
		if (strstr(text, part))					\
			passed++;					\
		else							\
			report(__FILE__, __LINE__, text);		\
	} while (0)

/* ---- a record with every type of field ---- */

struct inner {
	uint32_t n;
	char *name;
};

static const struct field inner_fields[] = {
	FIELD(struct inner, n, FIELD_UINT),
	FIELD(struct inner, name, FIELD_TEXT),
};

static const struct schema inner_schema =
	SCHEMA("inner", struct inner, inner_fields);

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
	struct list inners;
};

static const struct field every_fields[] = {
	FIELD(struct every, b, FIELD_BOOL),
	FIELD(struct every, i4, FIELD_INT),
	FIELD(struct every, i8, FIELD_INT),
	FIELD(struct every, u1, FIELD_UINT),
	FIELD(struct every, u2, FIELD_UINT),
	FIELD(struct every, u4, FIELD_UINT),
	FIELD(struct every, u8, FIELD_UINT, .hex = true),
	FIELD(struct every, blob, FIELD_BLOB, .max = 3000000),
	FIELD(struct every, text, FIELD_TEXT, .max = 100),
	FIELD(struct every, fixed, FIELD_FIXED),
	FIELD(struct every, words, FIELD_WORDS, .max = 5),
	FIELD(struct every, inners, FIELD_STRUCTS, .sub = &inner_schema),
};

static const struct schema every_schema =
	SCHEMA("every", struct every, every_fields);

static void add_word(struct every *e, uint64_t word)
{
	*(uint64_t *)list_add(&e->words, sizeof(word)) = word;
}

static void add_inner(struct every *e, uint32_t n, const char *name)
{
	struct inner *i = list_add(&e->inners, sizeof(*i));

	i->n = n;
	i->name = xstrdup(name);
}

static struct every full(void)
{
	struct every e = {
		.b = true,
		.u1 = 255,
		.u2 = 65535,
		.u4 = UINT32_MAX,
		.u8 = UINT64_MAX,
		.i4 = INT32_MIN,
		.i8 = INT64_MIN,
		.text = xstrdup("h\xc3\xa9llo"),
		.fixed = { 1, 2, 3, 4 },
	};

	e.blob.len = 3;
	e.blob.data = xmalloc(3);
	memcpy(e.blob.data, "\0\1\2", 3);
	add_word(&e, 0);
	add_word(&e, 1ull << 32);
	add_inner(&e, 7, "seven");
	add_inner(&e, 0, "\xff");
	return e;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_every(const struct every *a, const struct every *b)
{
	if (a->b != b->b || a->u1 != b->u1 || a->u2 != b->u2 ||
	    a->u4 != b->u4 || a->u8 != b->u8 || a->i4 != b->i4 ||
	    a->i8 != b->i8 || !same_text(a->text, b->text) ||
	    memcmp(a->fixed, b->fixed, 4) || a->blob.len != b->blob.len ||
	    a->words.n != b->words.n || a->inners.n != b->inners.n)
		return false;
	if (a->blob.len && memcmp(a->blob.data, b->blob.data, a->blob.len))
		return false;
	if (a->words.n &&
	    memcmp(a->words.items, b->words.items, 8 * a->words.n))
		return false;
	for (size_t i = 0; i < a->inners.n; i++) {
		const struct inner *x = list_at(&a->inners, struct inner, i);
		const struct inner *y = list_at(&b->inners, struct inner, i);

		if (x->n != y->n || !same_text(x->name, y->name))
			return false;
	}
	return true;
}

/* ---- encoding ---- */

static void check_hex(const struct bytes *b, const char *hex, int line)
{
	char have[512] = "";

	for (size_t i = 0; i < b->n && i < 255; i++)
		snprintf(have + 2 * i, 3, "%02x", b->data[i]);
	if (!strcmp(have, hex))
		passed++;
	else
		report(__FILE__, line, have);
}

#define CHECK_HEX(b, hex) check_hex(b, hex, __LINE__)

static void test_encoding(void)
{
	struct bytes b = { 0 };
	struct failure f = { 0 };
	struct every e = { .u4 = 24, .i4 = -25, .b = true };

	CHECK(schema_encode(&every_schema, &e, &b, &f) == 0);
	CHECK_HEX(&b, "a3" "6162f5" "6269343818" "6275341818");
	b.n = 0;
	for (int i = 0; i < 10; i++) {
		static const uint64_t v[] = {
			0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX,
			1ull << 32, UINT64_MAX,
		};

		bytes_put_uint(&b, v[i]);
	}
	CHECK_HEX(&b, "00" "17" "1818" "18ff" "190100" "19ffff" "1a00010000"
		  "1affffffff" "1b0000000100000000" "1bffffffffffffffff");
	b.n = 0;
	bytes_put_tag(&b, STREAM_TAG);
	bytes_put_array(&b, 3);
	bytes_put_string_head(&b, 4096);
	CHECK_HEX(&b, "d9d9f7" "83" "591000");
	b.n = 0;
	e = full();
	CHECK(schema_encode(&every_schema, &e, &b, &f) == 0);
	CHECK_HEX(&b, "ac"
		  "6162f5"
		  "6269343a7fffffff"
		  "6269383b7fffffffffffffff"
		  "62753118ff"
		  "62753219ffff"
		  "6275341affffffff"
		  "6275381bffffffffffffffff"
		  "64626c6f6243000102"
		  "64746578746668c3a96c6c6f"
		  "6566697865644401020304"
		  "65776f72647382001b0000000100000000"
		  "66696e6e65727382"
		  "a2616e07646e616d6565736576656e"
		  "a1646e616d6541ff");
	schema_free(&every_schema, &e);
	CHECK(e.text == NULL && e.blob.data == NULL && e.inners.n == 0);
	bytes_free(&b);
}

static void test_beyond_limits(void)
{
	struct bytes b = { 0 };
	struct failure f = { 0 };
	struct every e = { .text = xmalloc(102) };

	memset(e.text, 'x', 101);
	e.text[101] = '\0';
	CHECK(schema_encode(&every_schema, &e, &b, &f) < 0);
	CHECK_HAS(f.text, "text of a every: 101 is more than 100");
	e.text[100] = '\0';
	f.status = 0;
	CHECK(schema_encode(&every_schema, &e, &b, &f) == 0);
	for (int i = 0; i < 6; i++)
		add_word(&e, i);
	CHECK(schema_encode(&every_schema, &e, &b, &f) < 0);
	CHECK_HAS(f.text, "words of a every: 6 is more than 5");
	schema_free(&every_schema, &e);
	bytes_free(&b);
}

/* ---- tables ---- */

static void check_table(const struct field *fields, size_t n, const char *why)
{
	struct schema s = {
		.name = "table", .size = sizeof(struct every),
		.fields = fields, .n = n,
	};
	struct failure f = { 0 };

	CHECK(schema_check(&s, &f) < 0);
	CHECK_HAS(f.text, why);
}

static void test_tables(void)
{
	static const struct field order[] = {
		FIELD(struct every, u2, FIELD_UINT),
		FIELD(struct every, u1, FIELD_UINT),
	};
	static const struct field length[] = {
		FIELD(struct every, text, FIELD_TEXT),
		FIELD(struct every, u1, FIELD_UINT),
	};
	static const struct field twice[] = {
		FIELD(struct every, u1, FIELD_UINT),
		FIELD(struct every, u1, FIELD_UINT),
	};
	static const struct field size[] = {
		FIELD(struct every, fixed, FIELD_BLOB),
	};
	static const struct field sub[] = {
		FIELD(struct every, inners, FIELD_STRUCTS),
	};
	static struct schema endless = {
		.name = "endless", .size = sizeof(struct every), .n = 1,
	};
	static struct field inside[] = {
		FIELD(struct every, inners, FIELD_STRUCTS, .sub = &endless),
	};
	struct failure f = { 0 };

	endless.fields = inside;
	check_table(order, 2, "u1 must stand before u2");
	check_table(length, 2, "u1 must stand before text");
	check_table(twice, 2, "u1 must stand before u1");
	check_table(size, 1, "a size that its type cannot");
	check_table(sub, 1, "needs a sub");
	check_table(inside, 1, "nested too deeply");
	CHECK(schema_check(&every_schema, &f) == 0);
	CHECK(schema_check(&stream_header_schema, &f) == 0);
	CHECK(schema_check(&stream_end_schema, &f) == 0);
}

/* ---- scanning and decoding ---- */

/* Scans @data in pieces of one byte, so that every pause is visited. */
static const char *scan(const void *data, size_t n, size_t *pos)
{
	struct scan s = { 0 };
	const char *why = NULL;
	size_t need = 0, have = 0;

	for (;;) {
		uint8_t *copy = xmalloc(have);	/* exact, for ASan */
		int r;

		memcpy(copy, data, have);
		r = scan_item(&s, copy, have, STREAM_RECORD_MAX, &need, &why);
		free(copy);
		*pos = s.pos;
		if (r > 0)
			return NULL;
		if (r < 0)
			return why;
		if (have == n)
			return "more";
		if (need <= have)
			return "no progress";
		have++;
	}
}

#define BYTES(s) s, sizeof(s) - 1

static void check_scan(const void *data, size_t n, const char *want, int line)
{
	size_t pos = 0;
	const char *why = scan(data, n, &pos);

	if (want ? why && strstr(why, want) : !why && pos == n)
		passed++;
	else
		report(__FILE__, line, why ? why : "accepted");
}

#define CHECK_SCAN(s, want) check_scan(BYTES(s), want, __LINE__)

static void test_scanner(void)
{
	CHECK_SCAN("\x00", NULL);
	CHECK_SCAN("\x1b\xff\xff\xff\xff\xff\xff\xff\xff", NULL);
	CHECK_SCAN("\x3b\xff\xff\xff\xff\xff\xff\xff\xff", NULL);
	CHECK_SCAN("\x80", NULL);
	CHECK_SCAN("\xa0", NULL);
	CHECK_SCAN("\x40", NULL);
	CHECK_SCAN("\x60", NULL);
	CHECK_SCAN("\xf4", NULL);
	CHECK_SCAN("\xa2\x61" "a\x82\x01\x02\x61" "b\xa0", NULL);
	CHECK_SCAN("\x82\x80\xa1\x60\x40", NULL);

	CHECK_SCAN("", "more");
	CHECK_SCAN("\x83\x01", "more");
	CHECK_SCAN("\x62" "a", "more");
	CHECK_SCAN("\x18\x17", "longer than it need be");
	CHECK_SCAN("\x19\x00\xff", "longer than it need be");
	CHECK_SCAN("\x1a\x00\x00\xff\xff", "longer than it need be");
	CHECK_SCAN("\x1b\x00\x00\x00\x00\xff\xff\xff\xff", "longer than");
	CHECK_SCAN("\x38\x17", "longer than it need be");
	CHECK_SCAN("\x58\x01" "a", "longer than it need be");
	CHECK_SCAN("\x78\x01" "a", "longer than it need be");
	CHECK_SCAN("\x98\x01\x00", "longer than it need be");
	CHECK_SCAN("\xb8\x01\x61" "a\x00", "longer than it need be");
	CHECK_SCAN("\x5f\x41" "a\xff", "indefinite");
	CHECK_SCAN("\x7f\x61" "a\xff", "indefinite");
	CHECK_SCAN("\x9f\x00\xff", "indefinite");
	CHECK_SCAN("\xbf\xff", "indefinite");
	CHECK_SCAN("\xff", "deterministic");
	CHECK_SCAN("\xf6", "null");
	CHECK_SCAN("\xf7", "deterministic");
	CHECK_SCAN("\xf9\x3c\x00", "float");
	CHECK_SCAN("\xfa\x00\x00\x00\x00", "float");
	CHECK_SCAN("\xfb\x00\x00\x00\x00\x00\x00\x00\x00", "float");
	CHECK_SCAN("\xc0\x00", "tag");
	CHECK_SCAN("\xd9\xd9\xf7\x00", "tag");
	CHECK_SCAN("\x1c", "not CBOR");
	CHECK_SCAN("\xf8\xff", "not CBOR");
	CHECK_SCAN("\x61\xff", "not UTF-8");
	CHECK_SCAN("\xa1\x00\x00", "a key is not text");
	CHECK_SCAN("\xa1\xa0\x00", "a key is not text");
	CHECK_SCAN("\xa2\x61" "a\x00\x61" "a\x00", "a key twice");
	CHECK_SCAN("\xa2\x61" "b\x00\x61" "a\x00", "not in order");
	CHECK_SCAN("\xa2\x62" "aa\x00\x61" "b\x00", "not in order");
	CHECK_SCAN("\x5b\xff\xff\xff\xff\xff\xff\xff\xff", "too long");
	CHECK_SCAN("\x5b\xff\xff\xff\xff\xff\xff\xff\xf0", "too long");
	CHECK_SCAN("\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", "too long");
	CHECK_SCAN("\x5a\x00\x40\x00\x00", "too long");
	CHECK_SCAN("\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "too long");
	CHECK_SCAN("\xbb\x80\x00\x00\x00\x00\x00\x00\x01", "too long");
	CHECK_SCAN("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x80", NULL);
	CHECK_SCAN("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x80",
		   "too deeply");
}

static void check_decode(const void *data, size_t n, const char *want,
			 int line)
{
	struct every e = { 0 };
	struct failure f = { 0 };
	size_t pos;
	int r;

	CHECK(scan(data, n, &pos) == NULL);
	r = schema_decode(&every_schema, &e, data, n, &f);
	if (want ? r < 0 && strstr(f.text, want) : r == 0)
		passed++;
	else
		report(__FILE__, line, f.text);
	schema_free(&every_schema, &e);
}

#define CHECK_DECODE(s, want) check_decode(BYTES(s), want, __LINE__)

static void test_decoding(void)
{
	CHECK_DECODE("\xa0", NULL);
	CHECK_DECODE("\xa1\x61z\x82\xa1\x61z\x01\x80", NULL);
	CHECK_DECODE("\xa1\x62u4\x00", NULL);
	CHECK_DECODE("\xa1\x61" "b\xf4", NULL);
	CHECK_DECODE("\xa1\x64text\x60", NULL);
	CHECK_DECODE("\xa1\x64" "blob\x40", NULL);
	CHECK_DECODE("\xa1\x65" "fixed\x44\x00\x00\x00\x00", NULL);
	CHECK_DECODE("\x80", "every is not a map");
	CHECK_DECODE("\xa1\x61" "b\x01", "b of every is neither true nor");
	CHECK_DECODE("\xa1\x62u1\x20", "u1 of every is not a number from 0");
	CHECK_DECODE("\xa1\x62u1\x19\x01\x00", "u1 of every is out of range");
	CHECK_DECODE("\xa1\x62u2\x1a\x00\x01\x00\x00", "u2 of every is out");
	CHECK_DECODE("\xa1\x62u4\x1b\x00\x00\x00\x01\x00\x00\x00\x00",
		     "u4 of every is out of range");
	CHECK_DECODE("\xa1\x62i4\x1a\x80\x00\x00\x00", "i4 of every is out");
	CHECK_DECODE("\xa1\x62i4\x3a\x80\x00\x00\x00", "i4 of every is out");
	CHECK_DECODE("\xa1\x62i4\x1a\x7f\xff\xff\xff", NULL);
	CHECK_DECODE("\xa1\x62i8\x1b\x80\x00\x00\x00\x00\x00\x00\x00",
		     "i8 of every is out of range");
	CHECK_DECODE("\xa1\x62i8\xf5", "i8 of every is not a number");
	CHECK_DECODE("\xa1\x64text\x00", "text of every is not text");
	CHECK_DECODE("\xa1\x64text\x62" "a\x00", "has a NUL in it");
	CHECK_DECODE("\xa1\x64text\x42\xff\x00", "has a NUL in it");
	CHECK_DECODE("\xa1\x64text\x41" "a", "UTF-8 as a byte string");
	CHECK_DECODE("\xa1\x64text\x78\x65"
		     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		     "text of every is longer than 100");
	CHECK_DECODE("\xa1\x64" "blob\x61" "a", "is not a byte string");
	CHECK_DECODE("\xa1\x65" "fixed\x43" "abc", "has 3 bytes and not 4");
	CHECK_DECODE("\xa1\x65" "fixed\x45" "abcde", "has 5 bytes and not 4");
	CHECK_DECODE("\xa1\x65words\xa0", "words of every is not an array");
	CHECK_DECODE("\xa1\x65words\x81\x20", "is not a number from 0");
	CHECK_DECODE("\xa1\x65words\x86\0\0\0\0\0\0", "is longer than 5");
	CHECK_DECODE("\xa1\x66inners\x81\x00", "inners of every is not a map");
	CHECK_DECODE("\xa1\x66inners\x82\xa1\x64name\x61" "a\xa1\x61n\x60",
		     "n of inner is not a number from 0");
}

static void test_utf8(void)
{
	static const char *const good[] = {
		"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xe1\x80", "\xe1\x80\x41",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xf1\x80\x80", "\xff",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(utf8_valid((const uint8_t *)good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!utf8_valid((const uint8_t *)bad[i], strlen(bad[i])));
}

/* ---- streams ---- */

#define TYPE	(STREAM_TYPE_FIRST + 9)
#define OPTION	(STREAM_TYPE_OPTIONAL + 1)

static bool knows(uint32_t type)
{
	return type == TYPE;
}

static const char *name(uint32_t type)
{
	return type == TYPE ? "every" : NULL;
}

static int memory_file(const void *data, size_t n)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);

	if (fd < 0 || write_full(fd, data, n) < 0) {
		perror("memfd");
		exit(1);
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Everything that is in @fd. */
static struct blob contents(int fd)
{
	struct blob b = { .len = lseek(fd, 0, SEEK_END) };

	b.data = xmalloc(b.len);
	lseek(fd, 0, SEEK_SET);
	if (read_full(fd, b.data, b.len) != (ssize_t)b.len)
		exit(1);
	return b;
}

static void fill_pages(uint8_t *p, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (seed = seed * 1103515245 + 12345) >> 16;
}

static struct stream_header header(void)
{
	struct stream_header h = {
		.kind = xstrdup("process"),
		.arch = xstrdup("x86_64"),
		.kernel = xstrdup("6.1"),
		.host = xstrdup("here"),
		.time_ns = 1,
		.id = { 1, 2, 3 },
		.root = 42,
	};
	struct cpu_feature *c = list_add(&h.cpu, sizeof(*c));

	c->name = xstrdup("avx2");
	return h;
}

/* A stream with some of everything, @runs runs of @count pages in it. */
static struct blob make_stream(unsigned int runs, uint32_t count)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct stream_out *o = stream_out_new(fd);
	uint8_t *pages = xmalloc((size_t)count * STREAM_PAGE);
	struct stream_header h = header();
	struct every e = full();
	struct failure f = { 0 };
	struct blob b;

	CHECK(stream_put_header(o, &h, &f) == 0);
	CHECK(stream_put(o, TYPE, 1, &every_schema, &e, &f) == 0);
	CHECK(stream_put(o, OPTION, 2, &every_schema, &e, &f) == 0);
	CHECK(stream_put_pages(o, 3, 0x1000, 2, CODING_ZERO, NULL, &f) == 0);
	for (unsigned int i = 0; i < runs; i++) {
		fill_pages(pages, (size_t)count * STREAM_PAGE, i);
		CHECK(stream_put_pages(o, 3, 0x10000000ull * (i + 1), count,
				       CODING_RAW, pages, &f) == 0);
	}
	CHECK(stream_put_end(o, &f) == 0);
	CHECK(stream_put_end(o, &f) < 0);
	b = contents(fd);
	CHECK(stream_out_bytes(o) == b.len);
	stream_out_free(o);
	schema_free(&stream_header_schema, &h);
	schema_free(&every_schema, &e);
	free(pages);
	close(fd);
	return b;
}

static int take(struct stream_in *in, const struct stream_item *it,
		struct failure *f)
{
	struct every e = { 0 };

	if (it->type == STREAM_PAGES)
		return stream_get_pages(in, f) ? 0 : -1;
	if (it->type != TYPE)
		return 0;
	if (stream_get(in, &every_schema, &e, f) < 0)
		return -1;
	schema_free(&every_schema, &e);
	return 0;
}

/* Reads all of it; what is wrong is in @f. */
static int read_stream(int fd, bool all, struct failure *f)
{
	struct stream_in *in = stream_in_new(fd);
	struct stream_header h = { 0 };
	struct stream_item it;
	int r = 0;

	stream_in_known(in, knows);
	stream_in_names(in, name);
	if (stream_get_header(in, &h, f) < 0)
		r = -1;
	while (r == 0 && (r = stream_next(in, &it, f)) == 1)
		r = all ? take(in, &it, f) : 0;
	schema_free(&stream_header_schema, &h);
	/* It stays what it is. */
	if (r < 0) {
		struct failure again = { 0 };

		CHECK(stream_next(in, &it, &again) == -1);
		CHECK(!strcmp(again.text, f->text));
		CHECK(again.status == f->status);
	}
	stream_in_free(in);
	return r;
}

static int read_bytes(const void *data, size_t n, struct failure *f)
{
	int fd = memory_file(data, n);
	int r = read_stream(fd, true, f);

	close(fd);
	return r;
}

static void check_header(const struct stream_header *h)
{
	CHECK(same_text(h->format, STREAM_FORMAT));
	CHECK(h->version == STREAM_VERSION && h->page == STREAM_PAGE);
	CHECK(same_text(h->kind, "process") && same_text(h->host, "here"));
	CHECK(h->boot == NULL && h->id[1] == 2 && h->root == 42);
	CHECK(h->cpu.n == 1 && same_text(list_at(&h->cpu, struct cpu_feature,
						 0)->name, "avx2"));
}

static void check_pages(struct stream_in *in, struct stream_item *it,
			unsigned int runs, uint32_t count)
{
	size_t n = (size_t)count * STREAM_PAGE;
	uint8_t *want = xcalloc(1, n);
	struct failure f = { 0 };
	const uint8_t *p;

	CHECK(stream_next(in, it, &f) == 1);
	CHECK(it->type == STREAM_PAGES && it->count == 2 && it->id == 3 &&
	      it->coding == CODING_ZERO && it->address == 0x1000);
	p = stream_get_pages(in, &f);
	CHECK(p && !p[0] && !memcmp(p, p + 1, 2 * STREAM_PAGE - 1));
	for (unsigned int i = 0; i < runs; i++) {
		CHECK(stream_next(in, it, &f) == 1);
		CHECK(it->count == count && it->coding == CODING_RAW &&
		      it->address == 0x10000000ull * (i + 1));
		if (i % 3 == 2)
			continue;	/* skipped ones are checked, too */
		fill_pages(want, n, i);
		p = stream_get_pages(in, &f);
		CHECK(p && !((uintptr_t)p % STREAM_PAGE));
		CHECK(p && !memcmp(p, want, n));
		CHECK(stream_get_pages(in, &f) == p);
	}
	free(want);
}

static void test_round_trip(unsigned int runs, uint32_t count)
{
	struct blob b = make_stream(runs, count);
	struct every e = { 0 }, want = full();
	struct stream_header h = { 0 };
	struct stream_end totals;
	struct failure f = { 0 };
	struct stream_item it;
	struct stream_in *in;
	char keys[8] = "";
	const void *p;
	size_t rest;
	int fd, tee = memfd_create("tee", MFD_CLOEXEC);
	struct blob copy;

	b.data = xrealloc(b.data, b.len + 4);
	memcpy(b.data + b.len, "keys", 4);
	fd = memory_file(b.data, b.len + 4);
	in = stream_in_new(fd);
	stream_in_tee(in, tee);
	CHECK(stream_get_header(in, &h, &f) == 0);
	check_header(&h);
	CHECK(stream_next(in, &it, &f) == 1);
	CHECK(it.type == TYPE && it.id == 1 && it.record == 1);
	CHECK(stream_get_pages(in, &f) == NULL);
	f.status = 0;
	CHECK(stream_get(in, &every_schema, &e, &f) == 0);
	CHECK(same_every(&e, &want));
	stream_in_rest(in, &rest);
	CHECK(rest == 0);
	CHECK(stream_next(in, &it, &f) == 1);
	CHECK(it.type == OPTION && it.id == 2 && it.record == 2);
	check_pages(in, &it, runs, count);
	CHECK(stream_next(in, &it, &f) == 0);
	CHECK(stream_next(in, &it, &f) == 0);
	stream_in_totals(in, &totals);
	CHECK(totals.records == 3 && totals.runs == runs + 1 &&
	      totals.pages == 2 + (uint64_t)runs * count);
	/* What of the rest was read too much, and what was not. */
	p = stream_in_rest(in, &rest);
	CHECK(rest <= 4);
	memcpy(keys, p, rest);
	CHECK(read_full(fd, keys + rest, 5) == 4 - (ssize_t)rest);
	CHECK(!strcmp(keys, "keys"));
	copy = contents(tee);
	CHECK(copy.len == b.len && !memcmp(copy.data, b.data, b.len));
	stream_in_free(in);
	schema_free(&every_schema, &e);
	schema_free(&every_schema, &want);
	schema_free(&stream_header_schema, &h);
	close(fd);
	close(tee);
	free(b.data);
	free(copy.data);
}

/* Nothing is asked for but the items; and not even the header. */
static void test_skipping(void)
{
	struct blob b = make_stream(3, 40);
	struct failure f = { 0 };
	struct stream_item it;
	int fd = memory_file(b.data, b.len), r, n = 0;
	struct stream_in *in = stream_in_new(fd);

	while ((r = stream_next(in, &it, &f)) == 1)
		n++;
	CHECK(r == 0 && n == 6);
	stream_in_free(in);
	close(fd);
	free(b.data);
}

/* A pipe that gives a byte at a time. */
static void test_trickle(void)
{
	struct blob b = make_stream(2, 2);
	struct failure f = { 0 };
	int p[2];
	pid_t pid;

	if (pipe(p) < 0 || (pid = fork()) < 0)
		exit(1);
	if (pid == 0) {
		close(p[0]);
		for (size_t i = 0; i < b.len; i++)
			if (write_full(p[1], b.data + i, 1) < 0)
				_exit(1);
		_exit(0);
	}
	close(p[1]);
	CHECK(read_stream(p[0], true, &f) == 0);
	close(p[0]);
	free(b.data);
}

/* ---- what is no stream ---- */

static void test_every_cut(void)
{
	struct blob b = make_stream(1, 1);
	struct failure f = { 0 };
	char at[64];

	CHECK(read_bytes(b.data, b.len, &f) == 0);
	for (size_t n = 0; n < b.len; n++) {
		f.status = 0;
		CHECK(read_bytes(b.data, n, &f) == -1);
		CHECK(f.status == STATUS_STREAM);
		snprintf(at, sizeof(at), "truncated at byte %zu (", n);
		CHECK_HAS(f.text, n ? at : "stream is empty");
	}
	free(b.data);
}

static void test_every_bit(void)
{
	struct blob b = make_stream(1, 1);

	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		struct failure f = { 0 };

		b.data[bit / 8] ^= 1 << bit % 8;
		if (read_bytes(b.data, b.len, &f) != -1)
			report(__FILE__, __LINE__, "a bit may be turned");
		else
			passed++;
		CHECK(f.status == STATUS_STREAM);
		CHECK_HAS(f.text, "stream");
		b.data[bit / 8] ^= 1 << bit % 8;
	}
	free(b.data);
}

/* What test streams are put together from. */
static struct bytes made;

static void made_add(const void *data, size_t n)
{
	made.data = xrealloc(made.data, made.n + n);
	memcpy(made.data + made.n, data, n);
	made.n += n;
	made.room = made.n;
}

#define ADD(s) made_add(BYTES(s))

/* A header with nothing but what must be there. */
#define HEADER(version, page)						\
	"\xd9\xd9\xf7\x83\x00\x00\xa3\x64page\x19" page			\
	"\x66" "format\x6e" "sojourn-stream\x67version" version

static void check_made(const char *want, int line)
{
	struct failure f = { 0 };
	int r = read_bytes(made.data, made.n, &f);

	if (r == -1 && f.status == STATUS_STREAM && strstr(f.text, want))
		passed++;
	else
		report(__FILE__, line, r ? f.text : "accepted");
	made.n = 0;
}

#define CHECK_MADE(want) check_made(want, __LINE__)

#define RUN_RAW	"\x86\x02\x01\x19\x10\x00\x01\x00"
#define RUN_ZERO "\x86\x02\x01\x19\x10\x00\x01\x01"
#define XXH_EMPTY "\x1b\x2d\x06\x80\x05\x38\xd3\x94\xc2"

static void test_headers(void)
{
	ADD("hello, world");
	CHECK_MADE("this is not a Sojourn stream (it begins with 68 65 6c 6c)");
	ADD("\xd9\xd9\xf8");
	CHECK_MADE("this is not a Sojourn stream (it begins with d9 d9 f8)");
	ADD("\xd9\xd9");
	CHECK_MADE("stream is truncated at byte 2 (in the header)");
	ADD("\xd9\xd9\xf7\x83\x00\x00\xa0");
	CHECK_MADE("this is not a Sojourn stream (its format is not sojourn");
	ADD("\xd9\xd9\xf7\x83\x00\x00\xa1\x66" "format\x61x");
	CHECK_MADE("this is not a Sojourn stream (its format is not sojourn");
	ADD("\xd9\xd9\xf7\x83\x01\x00\xa0");
	CHECK_MADE("altered at byte 3 (in the header): not a header");
	ADD("\xd9\xd9\xf7\x83\x00\x01\xa0");
	CHECK_MADE("altered at byte 3 (in the header): not id 0");
	ADD("\xd9\xd9\xf7\x82\x00\xa0");
	CHECK_MADE("altered at byte 3 (in the header): not a record");
	ADD(HEADER("\x02", "\x10\x00"));
	CHECK_MADE("stream version 2 is not known here (this program reads version 1)");
	ADD(HEADER("\x01", "\x40\x00"));
	CHECK_MADE("stream has pages of 16384 bytes (this program reads 4096)");
	/* Version 2 may give any other key another meaning. */
	ADD("\xd9\xd9\xf7\x83\x00\x00\xa3\x64page\x60"
	    "\x66" "format\x6e" "sojourn-stream\x67version\x02");
	CHECK_MADE("stream version 2 is not known here");
	ADD("\xd9\xd9\xf7\x83\x00\x00\xa2\x61y\x00\x61x\x00");
	CHECK_MADE("altered at byte 10 (in the header): not in deterministic encoding: keys are not in order");
}

static void test_records(void)
{
	ADD(HEADER("\x01", "\x10\x00"));
	CHECK_MADE("truncated at byte 46 (after record 0, without an end)");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x18\x19");
	CHECK_MADE("truncated at byte 49 (in record 1, every)");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x18\x1a\x01\xa0");
	CHECK_MADE("stream has a record of type 26, which is not known here (in record 1, type 26, at byte 46)");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x03\x01\xa0");
	CHECK_MADE("stream has a record of type 3, which is not known here");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x19\x03\xff\x01\xa0");
	CHECK_MADE("stream has a record of type 1023, which is not known here");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x19\x04\x00\x01\xa0");
	CHECK_MADE("truncated at byte 52 (after record 1, without an end)");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x00\x00\xa0");
	CHECK_MADE("altered at byte 46 (in record 1): a second header");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x18\x19\x01\xa1\x62u1\x60");
	CHECK_MADE("altered at byte 46 (in record 1, every): u1 of every is not a number from 0");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x18\x19\x20\xa0");
	CHECK_MADE("(in record 1, every): not a record");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x18\x19\x00\x80");
	CHECK_MADE("(in record 1, every): not a record");
	ADD(HEADER("\x01", "\x10\x00") "\x84\x18\x19\x00\xa0\x00");
	CHECK_MADE("(in record 1, every): not a record");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x1b\0\0\0\1\0\0\0\x19\x00\xa0");
	CHECK_MADE("(in record 1): not a record");
	ADD(HEADER("\x01", "\x10\x00") "\x00");
	CHECK_MADE("(in record 1): not a record");
	ADD(HEADER("\x01", "\x10\x00") "\x80");
	CHECK_MADE("(in record 1): not a record");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x18\x19\x00\x5a\x00\x40\x00\x00");
	CHECK_MADE("altered at byte 50 (in record 1, every): too long");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x01\x00\xa0");
	CHECK_MADE("altered at byte 46 (in record 1, end): 1 records came, 0 should have");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x01\x00\xa1\x67records\x01");
	CHECK_MADE("(in record 1, end): 46 bytes came, 0 should have");
	ADD(HEADER("\x01", "\x10\x00") "\x83\x01\x00\xa2\x65" "bytes\x18\x2e"
	    "\x67records\x01");
	CHECK_MADE("(in record 1, end): what came does not match its checksum");
}

static void test_runs(void)
{
	static uint8_t page[STREAM_PAGE];

	ADD(HEADER("\x01", "\x10\x00") RUN_ZERO XXH_EMPTY "\x40");
	CHECK_MADE("truncated at byte 64 (after record 1, without an end)");
	ADD(HEADER("\x01", "\x10\x00") RUN_ZERO XXH_EMPTY "\x41" "a");
	CHECK_MADE("altered at byte 63 (in record 1, pages at 0x1000): 1 bytes cannot be 1 pages in coding 1 (zero)");
	ADD(HEADER("\x01", "\x10\x00") RUN_ZERO "\x00\x40");
	CHECK_MADE("altered at byte 46 (in record 1, pages at 0x1000): they do not match their checksum");
	ADD(HEADER("\x01", "\x10\x00") RUN_RAW "\x00\x59\x10\x00");
	made_add(page, sizeof(page));
	CHECK_MADE("altered at byte 46 (in record 1, pages at 0x1000): they do not match their checksum");
	ADD(HEADER("\x01", "\x10\x00") RUN_RAW "\x00\x59\x10\x00");
	made_add(page, sizeof(page) - 1);
	CHECK_MADE("truncated at byte 4153 (in record 1, pages at 0x1000)");
	ADD(HEADER("\x01", "\x10\x00") RUN_RAW "\x00\x59\x0f\xff");
	CHECK_MADE("4095 bytes cannot be 1 pages in coding 0 (raw)");
	ADD(HEADER("\x01", "\x10\x00") RUN_RAW "\x00\x63" "abc");
	CHECK_MADE("at byte 55 (in record 1, pages at 0x1000): not followed by a byte string");
	ADD(HEADER("\x01", "\x10\x00") RUN_RAW "\x00\x5f\x41" "a\xff");
	CHECK_MADE("not followed by a byte string");
	ADD(HEADER("\x01", "\x10\x00") RUN_RAW "\x00\x5a\x00\x00\x10\x00");
	CHECK_MADE("a length is longer than it need be");
	ADD(HEADER("\x01", "\x10\x00") RUN_RAW "\x00\x5b\xff\xff\xff\xff\xff\xff\xff\xff");
	CHECK_MADE("18446744073709551615 bytes cannot be 1 pages in coding 0 (raw)");
	ADD(HEADER("\x01", "\x10\x00") RUN_RAW);
	CHECK_MADE("truncated at byte 54 (in record 1, pages)");
	ADD(HEADER("\x01", "\x10\x00") "\x86\x02\x01\x19\x10\x00\x01\x05\x00");
	CHECK_MADE("stream has pages in coding 5, which is not known here");
	ADD(HEADER("\x01", "\x10\x00") "\x86\x02\x01\x19\x10\x00\x00\x00\x00");
	CHECK_MADE("0 pages at 0x1000 are no run");
	ADD(HEADER("\x01", "\x10\x00") "\x86\x02\x01\x19\x10\x00\x19\x04\x01"
	    "\x00\x00");
	CHECK_MADE("1025 pages at 0x1000 are no run");
	ADD(HEADER("\x01", "\x10\x00") "\x86\x02\x01\x19\x10\x01\x01\x00\x00");
	CHECK_MADE("1 pages at 0x1001 are no run");
	ADD(HEADER("\x01", "\x10\x00") "\x86\x02\x01"
	    "\x1b\xff\xff\xff\xff\xff\xff\xf0\x00\x02\x00\x00");
	CHECK_MADE("2 pages at 0xfffffffffffff000 are no run");
	ADD(HEADER("\x01", "\x10\x00") "\x85\x02\x01\x00\x01\x00");
	CHECK_MADE("(in record 1, pages): not a run of pages");
	ADD(HEADER("\x01", "\x10\x00") "\x86\x02\x01\x20\x01\x00\x00");
	CHECK_MADE("(in record 1, pages): not a run of pages");
}

/* A megabyte, in a list of ever so many items, and one that is too many. */
static void test_large(void)
{
	struct every e = { .u1 = 1 }, got = { 0 };
	struct failure f = { 0 };
	struct stream_item it;
	struct stream_out *o;
	struct stream_in *in;
	struct stream_header h = header();
	int fd = memfd_create("stream", MFD_CLOEXEC);

	e.blob.len = 3000000;
	e.blob.data = xcalloc(1, e.blob.len);
	fill_pages(e.blob.data, e.blob.len, 1);
	for (int i = 0; i < 65536; i++)
		add_inner(&e, i, "i");
	o = stream_out_new(fd);
	CHECK(stream_put_header(o, &h, &f) == 0);
	CHECK(stream_put(o, TYPE, 1, &every_schema, &e, &f) == 0);
	CHECK(stream_put_end(o, &f) == 0);
	stream_out_free(o);
	lseek(fd, 0, SEEK_SET);
	in = stream_in_new(fd);
	CHECK(stream_next(in, &it, &f) == 1);
	CHECK(stream_get(in, &every_schema, &got, &f) == 0);
	CHECK(same_every(&e, &got));
	CHECK(stream_next(in, &it, &f) == 0);
	stream_in_free(in);
	add_inner(&e, 1, "one too many");
	o = stream_out_new(fd);
	CHECK(stream_put_header(o, &h, &f) == 0);
	CHECK(stream_put(o, TYPE, 1, &every_schema, &e, &f) < 0);
	CHECK_HAS(f.text, "inners of a every: 65537 is more than 65536");
	stream_out_free(o);
	schema_free(&every_schema, &e);
	schema_free(&every_schema, &got);
	schema_free(&stream_header_schema, &h);
	close(fd);
}

/* ---- pages that are lent ---- */

#define LENT_RUNS	64

/* Each room is used again and again while the pipe still holds others. */
static void write_rooms(int fd)
{
	struct stream_header h = header();
	struct failure f = { 0 };
	struct stream_out *o = stream_out_new(fd);
	int r = stream_put_header(o, &h, &f);

	for (unsigned i = 0; r == 0 && i < LENT_RUNS; i++) {
		uint8_t *room = stream_room(o, &f);

		if (!room)
			break;
		fill_pages(room, STREAM_ROOM, i);
		r = stream_put_pages(o, 1, i * STREAM_ROOM,
				     STREAM_ROOM / STREAM_PAGE, CODING_RAW,
				     room, &f);
	}
	_exit(r == 0 && stream_put_end(o, &f) == 0 ? 0 : 1);
}

static void read_rooms(int fd, bool slowly)
{
	uint8_t *want = xmalloc(STREAM_ROOM);
	struct stream_in *in = stream_in_new(fd);
	struct failure f = { 0 };
	struct stream_item it;
	unsigned n = 0;

	while (stream_next(in, &it, &f) == 1) {
		const void *got = stream_get_pages(in, &f);

		fill_pages(want, STREAM_ROOM, n++);
		CHECK(got && !memcmp(got, want, STREAM_ROOM));
		if (slowly)
			usleep(1000);
	}
	CHECK(f.status == 0 && n == LENT_RUNS);
	stream_in_free(in);
	free(want);
}

static pid_t writer(int p[2])
{
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		write_rooms(p[1]);
	}
	close(p[1]);
	return pid;
}

static bool promised(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_mode & S_ISVTX;
}

static void test_lending(void)
{
	int p[2], status;

	for (int slowly = 0; slowly < 2; slowly++) {
		pid_t pid = writer(p);

		read_rooms(p[0], slowly);
		CHECK(promised(p[0]));
		close(p[0]);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

/* Who splices has the pages themselves, and looks at them when all is sent. */
static void test_splicing(void)
{
	int p[2], held[2], status, whole = memfd_create("stream", MFD_CLOEXEC);
	pid_t pid = writer(p);
	char *rest = xmalloc(1 << 20);
	ssize_t n;

	if (pipe2(held, O_CLOEXEC) < 0)
		exit(1);
	fcntl(held[1], F_SETPIPE_SZ, 1 << 20);
	for (ssize_t left = 512 << 10; left > 0; left -= n) {
		n = splice(p[0], NULL, held[1], NULL, left, 0);
		if (n <= 0)
			break;
	}
	lseek(whole, 512 << 10, SEEK_SET);
	while ((n = read(p[0], rest, 1 << 20)) > 0)
		CHECK(write(whole, rest, n) == n);
	CHECK(!promised(p[0]));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	lseek(whole, 0, SEEK_SET);
	close(held[1]);
	while ((n = read(held[0], rest, 1 << 20)) > 0)
		CHECK(write(whole, rest, n) == n);
	lseek(whole, 0, SEEK_SET);
	read_rooms(whole, false);
	close(whole);
	close(held[0]);
	close(p[0]);
	free(rest);
}

/* ---- descriptors that do not work ---- */

static void check_write(int fd, const char *want)
{
	static uint8_t pages[64 * STREAM_PAGE];
	struct stream_out *o = stream_out_new(fd);
	struct stream_header h = { 0 };
	struct failure f = { 0 }, again = { 0 };
	int r = stream_put_header(o, &h, &f);

	for (int i = 0; r == 0 && i < 100; i++)
		r = stream_put_pages(o, 1, 0, 64, CODING_RAW, pages, &f);
	CHECK(r == -1 && f.status == STATUS_IO);
	CHECK_HAS(f.text, "cannot write the stream (after ");
	CHECK_HAS(f.text, want);
	CHECK(stream_put_end(o, &again) == -1 && !strcmp(f.text, again.text));
	stream_out_free(o);
}

static void test_bad_descriptors(void)
{
	struct failure f = { 0 };
	int p[2], fd;

	signal(SIGPIPE, SIG_IGN);
	if (pipe(p) < 0)
		exit(1);
	close(p[0]);
	check_write(p[1], strerror(EPIPE));
	close(p[1]);
	fd = open("/dev/full", O_WRONLY);
	check_write(fd, strerror(ENOSPC));
	close(fd);
	fd = open("/", O_RDONLY);
	CHECK(read_stream(fd, true, &f) == -1 && f.status == STATUS_IO);
	CHECK_HAS(f.text, "cannot read the stream (at byte 0): ");
	close(fd);
}

static void test_bad_tee(void)
{
	struct blob b = make_stream(4, 64);
	int fd = memory_file(b.data, b.len), tee = open("/dev/full", O_WRONLY);
	struct stream_in *in = stream_in_new(fd);
	struct failure f = { 0 };
	struct stream_item it;
	int r;

	stream_in_tee(in, tee);
	while ((r = stream_next(in, &it, &f)) == 1)
		;
	CHECK(r == -1 && f.status == STATUS_IO);
	CHECK_HAS(f.text, "cannot pass the stream on (after ");
	stream_in_free(in);
	close(fd);
	close(tee);
	free(b.data);
}

static void test_order_of_calls(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct stream_out *o = stream_out_new(fd);
	struct stream_header h = { 0 };
	struct every e = { 0 };
	struct failure f = { 0 };

	CHECK(stream_put(o, TYPE, 1, &every_schema, &e, &f) == -1);
	f.status = 0;
	CHECK(stream_put_header(o, &h, &f) == 0);
	CHECK(stream_put_header(o, &h, &f) == -1);
	f.status = 0;
	CHECK(stream_put(o, STREAM_END, 1, &every_schema, &e, &f) == -1);
	f.status = 0;
	CHECK(stream_put_pages(o, 1, 1, 1, CODING_ZERO, NULL, &f) == -1);
	f.status = 0;
	CHECK(stream_put_pages(o, 1, 0, 0, CODING_ZERO, NULL, &f) == -1);
	f.status = 0;
	CHECK(stream_put_pages(o, 1, 0, 1025, CODING_ZERO, NULL, &f) == -1);
	f.status = 0;
	CHECK(stream_put_end(o, &f) == 0);
	CHECK(stream_put(o, TYPE, 1, &every_schema, &e, &f) == -1);
	stream_out_free(o);
	close(fd);
}

/* ---- printing ---- */

static void test_printing(void)
{
	struct every e = full(), none = { 0 };
	char *json = NULL, *text = NULL, *empty = NULL;
	size_t n;
	FILE *to;

	free(e.text);
	e.text = xstrdup("a \"b\"\n\x1b[0m\xff\xc2\x9b\xc3\xa9");
	to = open_memstream(&json, &n);
	schema_print_json(to, &every_schema, &e);
	fclose(to);
	CHECK(!strcmp(json,
		"{\"b\":true,\"i4\":-2147483648,\"i8\":-9223372036854775808,"
		"\"u1\":255,\"u2\":65535,\"u4\":4294967295,"
		"\"u8\":\"0xffffffffffffffff\",\"blob\":\"000102\","
		"\"text\":\"a \\\"b\\\"\\u000a\\u001b[0m\\udcff\xc2\x9b\xc3\xa9\","
		"\"fixed\":\"01020304\",\"words\":[0,4294967296],"
		"\"inners\":[{\"n\":7,\"name\":\"seven\"},"
		"{\"n\":0,\"name\":\"\\udcff\"}]}"));
	to = open_memstream(&text, &n);
	schema_print_text(to, &every_schema, &e);
	fclose(to);
	CHECK(!strcmp(text,
		"b yes, i4 -2147483648, i8 -9223372036854775808, u1 255, "
		"u2 65535, u4 4294967295, u8 0xffffffffffffffff, blob 000102, "
		"text \"a \\\"b\\\"\\x0a\\x1b[0m\\xff\\xc2\\x9b\xc3\xa9\", "
		"fixed 01020304, words (0 4294967296), "
		"inners (n 7, name seven; name \\xff)"));
	to = open_memstream(&empty, &n);
	schema_print_text(to, &every_schema, &none);
	fclose(to);
	CHECK(!strcmp(empty, ""));
	free(json);
	free(text);
	free(empty);
	schema_free(&every_schema, &e);
}

int main(void)
{
	test_encoding();
	test_beyond_limits();
	test_tables();
	test_scanner();
	test_decoding();
	test_utf8();
	test_round_trip(0, 1);
	test_round_trip(5, 1);
	test_round_trip(5, 15);
	test_round_trip(5, 16);
	test_round_trip(4, 200);
	test_round_trip(4, STREAM_RUN_MAX);
	test_skipping();
	test_trickle();
	test_every_cut();
	test_every_bit();
	test_headers();
	test_records();
	test_runs();
	test_large();
	test_bad_descriptors();
	test_bad_tee();
	test_lending();
	test_splicing();
	test_order_of_calls();
	test_printing();
	bytes_free(&made);
	printf("unit-stream: %u passed, %u failed\n", passed, broken);
	return broken ? 1 : 0;
}
