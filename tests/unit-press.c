/* SPDX-License-Identifier: MIT */
/*
 * unit-press.c - pages in every coding, and what is none of them
 *
 * What is packed or repeated comes out as it was; what would not become shorter
 * does not become longer.  Lengths that lie, frames that would grow without end
 * and references to what has not come are refused, each by its sentence.  Which
 * coding is chosen for which reader is tried on readers that are but figures.
 */
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "base/io.h"
#include "base/list.h"
#include "stream/hash.h"
#include "stream/pace.h"
#include "stream/private.h"
#include "stream/repeat.h"
#include "stream/stream.h"

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

#define PAGE	((size_t)STREAM_PAGE)
#define SPACE	7u		/* id of an address space */
#define OBJECT	STREAM_SPACES

/* ---- pages ---- */

static uint64_t random_state = 88172645463325252;

static uint64_t any(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void fill_random(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = any();

		memcpy(to + i, &v, 8);
	}
}

/* Each page another one, and easily shorter. */
static void fill_words(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i += 16)
		snprintf((char *)to + i, 16, "word %05u ....",
			 (unsigned int)(any() % 1000));
}

/* ---- a reader that has put what came where it belongs ---- */

#define PLACES	(64u << 20)

struct memory {
	uint8_t *bytes;		/* PLACES from address 0 on */
	unsigned int recalled;
	unsigned int runs[CODINGS];
	uint64_t bytes_in;	/* of the stream */
};

static int recall(void *arg, const struct stream_place *place, void *to,
		  struct failure *f)
{
	struct memory *m = arg;

	m->recalled++;
	if (place->id != SPACE || place->address + place->count * PAGE > PLACES)
		return fail(f, STATUS_STREAM, "a place that cannot be");
	memcpy(to, m->bytes + place->address, place->count * PAGE);
	return 0;
}

static void *map(size_t n)
{
	void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		exit(1);
	return at;
}

static int read_into(int fd, struct memory *m, struct failure *f)
{
	struct stream_in *in = stream_in_new(fd);
	struct stream_item it;
	struct stream_end totals;
	int r;

	stream_in_recall(in, recall, m);
	while ((r = stream_next(in, &it, f)) == 1) {
		const void *got;

		if (it.type != STREAM_PAGES)
			continue;
		got = stream_get_pages(in, f);
		if (!got) {
			r = -1;
			break;
		}
		m->runs[it.coding]++;
		if (it.address + it.count * PAGE <= PLACES)
			memcpy(m->bytes + it.address, got, it.count * PAGE);
	}
	stream_in_totals(in, &totals);
	m->bytes_in = totals.bytes;
	stream_in_free(in);
	return r;
}

/* Without taking anything: as who only looks. */
static int skim(int fd, struct failure *f)
{
	struct stream_in *in = stream_in_new(fd);
	struct stream_item it;
	int r;

	while ((r = stream_next(in, &it, f)) == 1)
		;
	stream_in_free(in);
	return r;
}

static void memory_forget(struct memory *m)
{
	munmap(m->bytes, PLACES);
	*m = (struct memory){ .bytes = map(PLACES) };
}

static struct stream_out *begin(int fd, enum stream_compress wish)
{
	struct stream_out *o = stream_out_new(fd);
	struct stream_header h = { 0 };
	struct failure f = { 0 };

	stream_compress(o, wish);
	CHECK(stream_put_header(o, &h, &f) == 0);
	return o;
}

/* ---- what goes round ---- */

/* @n pages of @content from address 0 on, in runs of @count. */
static void round_trip(enum stream_compress wish, const uint8_t *content,
		       size_t n, uint32_t count, struct memory *m)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct stream_out *o = begin(fd, wish);
	struct failure f = { 0 };

	for (size_t i = 0; i < n; i += count) {
		uint32_t some = n - i < count ? n - i : count;

		CHECK(stream_put_content(o, SPACE, i * PAGE, some, true,
					 content + i * PAGE, &f) == 0);
	}
	CHECK(stream_put_end(o, &f) == 0);
	stream_out_free(o);
	memory_forget(m);
	lseek(fd, 0, SEEK_SET);
	CHECK(read_into(fd, m, &f) == 0);
	CHECK(!memcmp(m->bytes, content, n * PAGE));
	lseek(fd, 0, SEEK_SET);
	CHECK(skim(fd, &f) == 0);
	close(fd);
}

static const enum stream_compress wishes[] = {
	COMPRESS_AUTO, COMPRESS_NONE, COMPRESS_LZ4, COMPRESS_ZSTD,
};

#define SOME 2048u		/* pages */

static void test_round_trips(void)
{
	uint8_t *content = map(SOME * PAGE);
	struct memory m = { .bytes = map(PLACES) };

	fill_words(content, SOME * PAGE);
	for (size_t w = 0; w < 4; w++)
		for (uint32_t count = 1; count <= STREAM_RUN_MAX; count *= 4)
			round_trip(wishes[w], content, SOME, count, &m);
	round_trip(COMPRESS_NONE, content, SOME, 64, &m);
	CHECK(m.runs[CODING_RAW] == SOME / 64 && m.bytes_in > SOME * PAGE);
	round_trip(COMPRESS_LZ4, content, SOME, 64, &m);
	CHECK(m.runs[CODING_LZ4] == SOME / 64 && m.bytes_in < SOME * PAGE / 2);
	round_trip(COMPRESS_ZSTD, content, SOME, 64, &m);
	CHECK(m.runs[CODING_ZSTD] == SOME / 64 && m.bytes_in < SOME * PAGE / 3);
	munmap(m.bytes, PLACES);
	munmap(content, SOME * PAGE);
}

/* Not blown up: as it is, and a head for each run. */
static void test_random(void)
{
	uint8_t *content = map(SOME * PAGE);
	struct memory m = { .bytes = map(PLACES) };

	fill_random(content, SOME * PAGE);
	for (size_t w = 0; w < 4; w++) {
		round_trip(wishes[w], content, SOME, 64, &m);
		CHECK(m.runs[CODING_RAW] == SOME / 64);
		CHECK(m.bytes_in < SOME * PAGE + SOME / 64 * 40 + 200);
	}
	munmap(m.bytes, PLACES);
	munmap(content, SOME * PAGE);
}

static void test_repeats(void)
{
	uint8_t *content = map(3 * SOME * PAGE);
	struct memory m = { .bytes = map(PLACES) };

	/* As a parent and two children: one has changed some pages. */
	fill_random(content, SOME * PAGE);
	memcpy(content + SOME * PAGE, content, SOME * PAGE);
	memcpy(content + 2 * SOME * PAGE, content, SOME * PAGE);
	for (size_t i = 0; i < SOME; i += 32)
		content[(2 * SOME + i) * PAGE] ^= 1;
	round_trip(COMPRESS_LZ4, content, 3 * SOME, 64, &m);
	CHECK(m.runs[CODING_REPEAT] == SOME / 64 + SOME / 32);
	CHECK(m.recalled == m.runs[CODING_REPEAT]);
	CHECK(m.bytes_in < (SOME + SOME / 32) * PAGE + 64000);
	round_trip(COMPRESS_NONE, content, 3 * SOME, 64, &m);
	CHECK(m.runs[CODING_REPEAT] == 0);

	/* The same page all over is no stretch of others: it is packed. */
	for (size_t i = 0; i < SOME; i++)
		memcpy(content + i * PAGE, content, PAGE);
	round_trip(COMPRESS_LZ4, content, SOME, 64, &m);
	CHECK(m.runs[CODING_REPEAT] == 0 && m.bytes_in < SOME * PAGE / 4);
	munmap(m.bytes, PLACES);
	munmap(content, 3 * SOME * PAGE);
}

/* What is of an object, or may go again, is never referred to. */
static void test_no_repeats(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct stream_out *o = begin(fd, COMPRESS_ZSTD);
	struct memory m = { .bytes = map(PLACES) };
	uint8_t *content = map(64 * PAGE);
	struct failure f = { 0 };

	fill_random(content, 64 * PAGE);
	CHECK(stream_put_content(o, OBJECT, 0, 64, true, content, &f) == 0);
	CHECK(stream_put_content(o, SPACE, 64 * PAGE, 64, false, content,
				 &f) == 0);
	CHECK(stream_put_content(o, SPACE, 0, 64, true, content, &f) == 0);
	CHECK(stream_put_content(o, OBJECT, 0, 64, true, content, &f) == 0);
	CHECK(stream_put_end(o, &f) == 0);
	stream_out_free(o);
	lseek(fd, 0, SEEK_SET);
	CHECK(read_into(fd, &m, &f) == 0);
	CHECK(m.runs[CODING_RAW] == 3 && m.runs[CODING_REPEAT] == 1);
	CHECK(!memcmp(m.bytes, content, 64 * PAGE));
	munmap(m.bytes, PLACES);
	munmap(content, 64 * PAGE);
	close(fd);
}

/* More pages than the index has room for, the first of them once more. */
static void test_index_is_bounded(void)
{
	struct repeat_index *x = repeat_index_new();
	uint64_t *page = map(PAGE), run = 0, found = 0;
	struct repeat r;

	for (; run < (1u << 20); run++) {
		page[0] = run + 1;
		repeat_look(x, page, 1);
		found += repeat_find(x, run, 1, 0, &r) == 1 && r.back;
		repeat_note(x, run, 0, 1);
	}
	CHECK(found == 0);
	page[0] = 1;
	repeat_look(x, page, 1);
	CHECK(repeat_find(x, run, 1, 0, &r) == 1 && !r.back);
	page[0] = run - 1000;
	repeat_look(x, page, 1);
	CHECK(repeat_find(x, run, 1, 0, &r) == 1 && r.back == 1001 && !r.first);
	repeat_index_free(x);
	munmap(page, PAGE);
}

static void test_runs_are_bounded(void)
{
	struct repeat_runs l = { 0 };
	struct stream_place place;

	for (uint64_t i = 0; i < 3ull * STREAM_BACK_MAX; i++)
		repeat_runs_add(&l, SPACE, i * 4 * PAGE, 4);
	CHECK(l.room == STREAM_BACK_MAX + 1);
	CHECK(!repeat_place(&l, &(struct repeat){ STREAM_BACK_MAX, 1 }, 3,
			    &place));
	CHECK(place.run == 2ull * STREAM_BACK_MAX - 1 && place.count == 3 &&
	      place.address == place.run * 4 * PAGE + PAGE);
	CHECK(repeat_place(&l, &(struct repeat){ STREAM_BACK_MAX + 1, 0 }, 1,
			   &place));
	repeat_runs_free(&l);
}

/* ---- what is refused ---- */

/* A stream with a raw run of four pages at 0, and then this one. */
static int bad_run(uint64_t id, uint32_t count, enum stream_coding coding,
		   uint64_t xxh3, const void *bytes, size_t len)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct stream_out *o = begin(fd, COMPRESS_NONE);
	static uint8_t four[4 * STREAM_PAGE];
	struct failure f = { 0 };
	struct bytes b = { 0 };
	uint64_t before;

	memset(four, 'x', sizeof(four));
	stream_put_pages(o, id, 0, 4, CODING_RAW, four, &f);
	before = stream_out_bytes(o);
	stream_put_end(o, &f);
	stream_out_free(o);
	/* In place of its end, which nobody gets to. */
	if (ftruncate(fd, before) < 0)
		exit(1);
	bytes_put_array(&b, 6);
	bytes_put_uint(&b, STREAM_PAGES);
	bytes_put_uint(&b, SPACE);
	bytes_put_uint(&b, 0x100000);
	bytes_put_uint(&b, count);
	bytes_put_uint(&b, coding);
	bytes_put_uint(&b, xxh3);
	bytes_put_string_head(&b, len);
	lseek(fd, 0, SEEK_END);
	if (write_full(fd, b.data, b.n) < 0 || write_full(fd, bytes, len) < 0)
		exit(1);
	bytes_free(&b);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Taken or skimmed, it is refused, and with @want in the sentence. */
static void refuse_fd(int fd, const char *want, bool skimmed, int line)
{
	struct memory m = { .bytes = map(PLACES) };
	struct failure f = { 0 };

	if (read_into(fd, &m, &f) == -1 && f.status == STATUS_STREAM &&
	    strstr(f.text, want))
		passed++;
	else
		report(__FILE__, line, f.status ? f.text : "taken");
	lseek(fd, 0, SEEK_SET);
	f = (struct failure){ 0 };
	if (!skimmed || (skim(fd, &f) == -1 && f.status == STATUS_STREAM &&
			 strstr(f.text, want)))
		passed++;
	else
		report(__FILE__, line, f.status ? f.text : "skimmed");
	munmap(m.bytes, PLACES);
	close(fd);
}

#define REFUSED(count, coding, xxh3, bytes, len, want)			\
	refuse_fd(bad_run(SPACE, count, coding, xxh3, bytes, len), want,	\
		  true, __LINE__)

static void test_lengths(void)
{
	static uint8_t much[8 * STREAM_PAGE];

	REFUSED(1, CODING_LZ4, 0, much, 0,
		"0 bytes cannot be 1 pages in coding 2 (lz4)");
	REFUSED(1, CODING_LZ4, 0, much, PAGE,
		"4096 bytes cannot be 1 pages in coding 2 (lz4)");
	REFUSED(2, CODING_ZSTD, 0, much, 2 * PAGE + 1,
		"8193 bytes cannot be 2 pages in coding 3 (zstd)");
	REFUSED(1, CODING_ZSTD, 0, much, 0,
		"0 bytes cannot be 1 pages in coding 3 (zstd)");
	REFUSED(1, CODING_REPEAT, 0, much, 0,
		"0 bytes cannot be 1 pages in coding 4 (repeat)");
	REFUSED(1, CODING_REPEAT, 0, much, 20,
		"20 bytes cannot be 1 pages in coding 4 (repeat)");
}

static void test_bad_lz4(void)
{
	uint8_t *data = map(1 << 20), *packed = map(1 << 20);
	int len;

	REFUSED(1, CODING_LZ4, 0, "\xff\xff\xff\xff", 4,
		"they are not 1 pages in lz4");
	/* A bomb: 255 times as much as there is room for. */
	memset(packed, 0xff, 4000);
	packed[0] = 0x1f;
	packed[2] = 1;
	packed[3] = 0;
	REFUSED(1, CODING_LZ4, 0, packed, 4000, "they are not 1 pages in lz4");
	fill_words(data, 3 * PAGE);
	len = LZ4_compress_default((char *)data, (char *)packed, 2 * PAGE, 1 << 20);
	REFUSED(3, CODING_LZ4, 0, packed, len, "they are not 3 pages in lz4");
	REFUSED(1, CODING_LZ4, 0, packed, len < 4096 ? len : 4095,
		"they are not 1 pages in lz4");
	REFUSED(2, CODING_LZ4, 1, packed, len,
		"they do not match their checksum");
	packed[len] = 0;
	REFUSED(2, CODING_LZ4, hash64_of(data, 2 * PAGE), packed, len + 1,
		"they are not 2 pages in lz4");
	REFUSED(2, CODING_LZ4, hash64_of(data, 2 * PAGE), packed, len - 1,
		"they are not 2 pages in lz4");
	munmap(data, 1 << 20);
	munmap(packed, 1 << 20);
}

static void test_bad_zstd(void)
{
	uint8_t *data = map(64 << 20), *packed = map(64 << 20);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	uint64_t xxh3;
	size_t len, more;

	REFUSED(1, CODING_ZSTD, 0, "hello", 5, "they are not 1 pages in zstd");
	/* A bomb: 64 MiB in less than a page. */
	len = ZSTD_compress(packed, 64 << 20, data, 64 << 20, 19);
	if (len >= 2 * PAGE)
		report(__FILE__, __LINE__, "no bomb");
	REFUSED(2, CODING_ZSTD, 0, packed, len, "they are not 2 pages in zstd");
	fill_words(data, 2 * PAGE);
	xxh3 = hash64_of(data, 2 * PAGE);
	len = ZSTD_compress(packed, 1 << 20, data, 2 * PAGE, 3);
	REFUSED(3, CODING_ZSTD, 0, packed, len, "they are not 3 pages in zstd");
	REFUSED(2, CODING_ZSTD, 1, packed, len,
		"they do not match their checksum");
	REFUSED(2, CODING_ZSTD, xxh3, packed, len - 1,
		"they are not 2 pages in zstd");
	packed[len] = 0;
	REFUSED(2, CODING_ZSTD, xxh3, packed, len + 1,
		"they are not 2 pages in zstd");
	/* One frame, and not two; not even if the second has nothing in it. */
	more = ZSTD_compress(packed + len, 1 << 20, data, 0, 3);
	REFUSED(2, CODING_ZSTD, xxh3, packed, len + more,
		"they are not 2 pages in zstd");
	/* A frame that does not say how long it is. */
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	len = ZSTD_compress2(c, packed, 1 << 20, data, 2 * PAGE);
	REFUSED(2, CODING_ZSTD, xxh3, packed, len,
		"they are not 2 pages in zstd");
	/* A frame to be skipped, and one with a window of 3.75 TiB. */
	REFUSED(1, CODING_ZSTD, 0, "\x50\x2a\x4d\x18\x00\x00\x00\x00", 8,
		"they are not 1 pages in zstd");
	REFUSED(1, CODING_ZSTD, 0,
		"\x28\xb5\x2f\xfd\x40\xff\x00\x0f\x03\x00\x00", 11,
		"they are not 1 pages in zstd");
	ZSTD_freeCCtx(c);
	munmap(data, 64 << 20);
	munmap(packed, 64 << 20);
}

static void test_bad_repeats(void)
{
	uint8_t *four = map(4 * PAGE);
	uint64_t xxh3;

	memset(four, 'x', 4 * PAGE);
	xxh3 = hash64_of(four, 2 * PAGE);
#define REPEAT(count, xxh3, bytes, want)				\
	REFUSED(count, CODING_REPEAT, xxh3, bytes, sizeof(bytes) - 1, want)
	REPEAT(2, xxh3, "\x00", "not a repeat");
	REPEAT(2, xxh3, "\x82\x01", "not a repeat");
	REPEAT(2, xxh3, "\x82\x01\x00\x00", "not a repeat");
	REPEAT(2, xxh3, "\x83\x01\x00\x00", "not a repeat");
	REPEAT(2, xxh3, "\x82\x01\x20", "not a repeat");
	REPEAT(2, xxh3, "\x82\x18\x01\x00", "not a repeat");
	REPEAT(2, xxh3, "\x82\x00\x00", "a repeat of what has not come");
	REPEAT(2, xxh3, "\x82\x02\x00", "a repeat of what has not come");
	REPEAT(2, xxh3, "\x82\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x00",
	       "a repeat of what has not come");
	REPEAT(2, xxh3, "\x82\x01\x03", "a repeat of more than there was");
	REPEAT(2, xxh3, "\x82\x01\x04", "a repeat of more than there was");
	REPEAT(5, xxh3, "\x82\x01\x00", "a repeat of more than there was");
	REPEAT(2, xxh3, "\x82\x01\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
	       "a repeat of more than there was");
	refuse_fd(bad_run(OBJECT, 2, CODING_REPEAT, xxh3, "\x82\x01\x00", 3),
		  "a repeat of what is not of an address space", true, __LINE__);
	/* It says what it repeats, which is not that: only who has it can know. */
	refuse_fd(bad_run(SPACE, 2, CODING_REPEAT, 1, "\x82\x01\x00", 3),
		  "they do not match their checksum", false, __LINE__);
	/* As far as it goes it is right: what fails is that it ends there. */
	REPEAT(2, xxh3, "\x82\x01\x02", "truncated");
	munmap(four, 4 * PAGE);
}

/* Nobody keeps anything: it can be skipped, and not taken. */
static void test_nothing_kept(void)
{
	static uint8_t two[2 * STREAM_PAGE];
	struct failure f = { 0 };
	struct stream_item it;
	struct stream_in *in;
	int fd;

	memset(two, 'x', sizeof(two));
	fd = bad_run(SPACE, 2, CODING_REPEAT, hash64_of(two, sizeof(two)),
		     "\x82\x01\x02", 3);
	in = stream_in_new(fd);
	while (stream_next(in, &it, &f) == 1 && it.coding != CODING_REPEAT)
		;
	CHECK(it.run == 1 && it.bytes == 3);
	CHECK(!stream_get_pages(in, &f) && f.status == STATUS_STREAM);
	CHECK(strstr(f.text, "a repeat, where nothing is kept") != NULL);
	stream_in_free(in);
	close(fd);
}

/* ---- every bit ---- */

static struct blob small_stream(void)
{
	int fd = memfd_create("stream", MFD_CLOEXEC);
	struct stream_out *o = begin(fd, COMPRESS_LZ4);
	uint8_t *content = map(8 * PAGE);
	struct failure f = { 0 };
	struct blob b;

	for (size_t i = 0; i < 8; i++)
		memset(content + i * PAGE, 'a' + i, PAGE);
	CHECK(stream_put_pages(o, SPACE, 0, 8, CODING_ZSTD, content, &f) == 0);
	CHECK(stream_put_content(o, SPACE, 8 * PAGE, 8, true, content, &f) == 0);
	CHECK(stream_put_content(o, SPACE, 16 * PAGE, 8, true, content, &f) == 0);
	CHECK(stream_put_end(o, &f) == 0);
	b.len = stream_out_bytes(o);
	b.data = xmalloc(b.len);
	CHECK(pread(fd, b.data, b.len, 0) == (ssize_t)b.len);
	stream_out_free(o);
	munmap(content, 8 * PAGE);
	close(fd);
	return b;
}

static int read_blob(const struct blob *b, size_t len, struct memory *m,
		     struct failure *f)
{
	int fd = memfd_create("stream", MFD_CLOEXEC), r;

	if (write_full(fd, b->data, len) < 0)
		exit(1);
	lseek(fd, 0, SEEK_SET);
	r = read_into(fd, m, f);
	close(fd);
	return r;
}

static void test_every_bit_and_cut(void)
{
	struct blob b = small_stream();
	struct memory m = { .bytes = map(PLACES) };
	struct failure f = { 0 };

	CHECK(read_blob(&b, b.len, &m, &f) == 0);
	CHECK(m.runs[CODING_ZSTD] == 1 && m.runs[CODING_LZ4] == 1 &&
	      m.runs[CODING_REPEAT] == 1);
	CHECK(!memcmp(m.bytes, m.bytes + 8 * PAGE, 8 * PAGE) &&
	      !memcmp(m.bytes, m.bytes + 16 * PAGE, 8 * PAGE));
	for (size_t n = 0; n < b.len; n++) {
		f = (struct failure){ 0 };
		CHECK(read_blob(&b, n, &m, &f) == -1 &&
		      f.status == STATUS_STREAM);
	}
	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		f = (struct failure){ 0 };
		b.data[bit / 8] ^= 1 << bit % 8;
		CHECK(read_blob(&b, b.len, &m, &f) == -1 &&
		      f.status == STATUS_STREAM);
		b.data[bit / 8] ^= 1 << bit % 8;
	}
	munmap(m.bytes, PLACES);
	free(b.data);
}

/* ---- the pace ---- */

/* What a reader takes, and what packing costs, in ns for a byte. */
struct world {
	double taking, reading;
	double packing[PACE_CODINGS], ratio[PACE_CODINGS];
	bool near;
	double late_ns;		/* he begins to read then */
};

#define RUN	(256u << 10)
#define PIPE	(1 << 20)

/* Moves @mib through it; how long that takes, and in what it ended. */
static double simulate(const struct world *w, unsigned int mib,
		       enum stream_coding *last)
{
	struct pace p = { .wish = COMPRESS_AUTO };
	double now = 1e9, free_at = now + w->late_ns, out = 0;

	for (uint64_t i = 0; i < (uint64_t)mib << 20; i += RUN) {
		enum stream_coding c = pace_next(&p, now, RUN, out, w->near);
		double len = c == CODING_RAW ? RUN : w->ratio[c] * RUN;

		now += w->reading * RUN;
		if (c != CODING_RAW) {
			double t = w->packing[c] * RUN;

			now += t;
			pace_packed(&p, c, t, RUN, len);
		}
		/* He is done with what he has at free_at; the pipe takes some. */
		if (free_at < now)
			free_at = now;
		free_at += len * w->taking;
		out += len;
		if (free_at - now > PIPE * w->taking) {
			double wait = free_at - now - PIPE * w->taking;

			now += wait;
			pace_waited(&p, wait);
		}
		*last = c == p.now ? c : *last;
	}
	return free_at - 1e9;
}

#define WORLD(takes, ...) (struct world){ .taking = takes, .reading = 0.2,	\
	.packing = { [CODING_LZ4] = 0.65, [CODING_ZSTD] = 1.7 },		\
	.ratio = { [CODING_LZ4] = 0.48, [CODING_ZSTD] = 0.38 }, __VA_ARGS__ }

static void test_pace(void)
{
	enum stream_coding last = CODING_RAW;
	struct world w;

	/* One of us on this machine, 2 GiB/s: nothing is packed at all. */
	w = WORLD(0.46, .near = true, .late_ns = 2e7);
	CHECK(simulate(&w, 1024, &last) < 1.001 * (1024 * 1048576. * 0.46 + 2e7));
	CHECK(last == CODING_RAW);
	/* 100 MB/s: better than half the time that it would take raw. */
	w = WORLD(10, .late_ns = 1e8);
	CHECK(simulate(&w, 256, &last) < 0.45 * 256 * 1048576. * 10);
	CHECK(last == CODING_ZSTD);
	/* The same behind one of us (migrate-inspect --tee). */
	w = WORLD(10, .near = true);
	CHECK(simulate(&w, 256, &last) < 0.5 * 256 * 1048576. * 10);
	CHECK(last == CODING_ZSTD);
	/* Even a small one is packed when the reader is not one of us. */
	w = WORLD(10);
	CHECK(simulate(&w, 8, &last) < 0.55 * 8 * 1048576. * 10);
	/* 500 MB/s: lz4 is as soon, and zstd would not be. */
	w = WORLD(2);
	CHECK(simulate(&w, 512, &last) < 0.6 * 512 * 1048576. * 2);
	CHECK(last == CODING_LZ4);
	/* A fast reader that is not one of us: soon nothing is packed. */
	w = WORLD(0.3);
	CHECK(simulate(&w, 1024, &last) < 1.1 * 1024 * 1048576. * 0.3);
	CHECK(last == CODING_RAW);
	/* What cannot be packed goes as soon as if it had not been tried. */
	w = WORLD(10);
	w.ratio[CODING_LZ4] = w.ratio[CODING_ZSTD] = 1;
	CHECK(simulate(&w, 256, &last) < 1.01 * 256 * 1048576. * 10);
}

int main(void)
{
	test_round_trips();
	test_random();
	test_repeats();
	test_no_repeats();
	test_index_is_bounded();
	test_runs_are_bounded();
	test_lengths();
	test_bad_lz4();
	test_bad_zstd();
	test_bad_repeats();
	test_nothing_kept();
	test_every_bit_and_cut();
	test_pace();
	printf("unit-press: %u passed, %u failed\n", passed, broken);
	return broken != 0;
}
