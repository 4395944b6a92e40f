/* SPDX-License-Identifier: MIT */
/*
 * in.c - records in
 *
 * A buffer holds what was read and not yet consumed: buf[start, end).  An item
 * is first made complete in it, then looked at, and consumed (hashed, passed
 * on, counted) by the next call.  Pages are different: only the head stands in
 * the buffer, the bytes are read straight to where the caller gets them, and
 * are hashed a chunk at a time while they are in the cache.
 *
 * Nothing that the stream says is allocated before it is bounded: a record is
 * at most STREAM_RECORD_MAX long and takes room as it arrives, a run is at most
 * STREAM_RUN_MAX pages.  After a failure every call fails with that reason.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/io.h"
#include "stream/codec.h"
#include "stream/hash.h"
#include "stream/press.h"
#include "stream/private.h"
#include "stream/repeat.h"
#include "stream/sink.h"
#include "stream/stream.h"
#include "stream/token.h"

#define AHEAD		(256u << 10)	/* read this much at once */
#define AHEAD_HEAD	64u		/* a run's head, not its bytes */
#define RUN_BYTES	((size_t)STREAM_RUN_MAX * STREAM_PAGE)
#define RUN_ALIGN	(2u << 20)	/* for huge pages */

enum in_state {
	IN_NEW,			/* the header is next */
	IN_BETWEEN,		/* an item is next */
	IN_RECORD,		/* a record stands in the buffer */
	IN_PAGES,		/* the bytes of a run are next */
	IN_TAKEN,		/* they have been taken and checked */
	IN_ENDED,
};

struct stream_in {
	int fd;
	enum in_state state;
	struct failure failed;	/* the first one; after it nothing works */

	uint8_t *buf;		/* owned */
	size_t start, end, room;
	size_t ahead;		/* bytes worth reading at once */
	uint64_t offset;	/* in the stream, of buf[start] */

	struct stream_item item;	/* the current one */
	size_t item_len;	/* of a record: bytes in the buffer */
	size_t map;		/* where in them its map begins */
	uint64_t run_hash;	/* what the bytes of the run should have */
	uint64_t items;		/* so far, with runs */

	uint8_t *pages;		/* owned, RUN_BYTES, NULL until needed */
	uint8_t *zeros;		/* owned, likewise */
	uint8_t *packed;	/* owned, likewise: bytes of a run as they came */
	struct press *press;	/* owned; NULL until needed */
	struct repeat_runs runs;	/* so far */
	stream_recall *recall;	/* NULL: nobody keeps what came before */
	void *recall_arg;

	struct hash *hash, *run;	/* owned; of all, of one run */
	struct stream_end totals;
	struct sink tee;	/* fd -1: none */
	bool (*known)(uint32_t type);
	const char *(*name)(uint32_t type);
};

struct stream_in *stream_in_new(int fd)
{
	struct stream_in *in = xcalloc(1, sizeof(*in));

	in->fd = fd;
	in->tee.fd = -1;
	in->ahead = AHEAD;
	in->room = AHEAD;
	in->buf = xmalloc(in->room);
	in->hash = hash_new();
	in->run = hash_new();
	hash128_begin(in->hash);
	pipe_enlarge(fd);
	pipe_promise_copy(fd);
	return in;
}

void stream_in_tee(struct stream_in *in, int fd)
{
	in->tee.fd = fd;
	pipe_enlarge(fd);
}

void stream_in_known(struct stream_in *in, bool (*known)(uint32_t type))
{
	in->known = known;
}

void stream_in_names(struct stream_in *in, const char *(*name)(uint32_t type))
{
	in->name = name;
}

void stream_in_recall(struct stream_in *in, stream_recall *recall, void *arg)
{
	in->recall = recall;
	in->recall_arg = arg;
}

/* ---- what went wrong, and where ---- */

static int failed(struct stream_in *in, const struct failure *f)
{
	if (!in->failed.status)
		in->failed = *f;
	return -1;
}

static int still_failed(const struct stream_in *in, struct failure *f)
{
	return fail(f, in->failed.status, "%s", in->failed.text);
}

/* "in record 17, mapping", of the current item. */
static void describe_item(const struct stream_in *in, char *to, size_t room)
{
	const struct stream_item *it = &in->item;
	const char *name = in->name ? in->name(it->type) : NULL;
	unsigned long long n = it->record;

	if (n == 0)
		snprintf(to, room, "in the header");
	else if (it->type == STREAM_PAGES && it->count)
		snprintf(to, room, "in record %llu, pages at 0x%llx", n,
			 (unsigned long long)it->address);
	else if (it->type == STREAM_PAGES)
		snprintf(to, room, "in record %llu, pages", n);
	else if (it->type == STREAM_END)
		snprintf(to, room, "in record %llu, end", n);
	else if (name)
		snprintf(to, room, "in record %llu, %s", n, name);
	else if (it->type)
		snprintf(to, room, "in record %llu, type %u", n, it->type);
	else
		snprintf(to, room, "in record %llu", n);
}

/* "stream is @how at byte @offset (in record..): reason" */
static int bad_at(struct stream_in *in, struct failure *f, const char *how,
		  uint64_t offset, const char *fmt, va_list ap)
{
	char where[128], why[600] = "";

	describe_item(in, where, sizeof(where));
	if (fmt)
		vsnprintf(why, sizeof(why), fmt, ap);
	fail(f, STATUS_STREAM, "stream is %s at byte %llu (%s)%s%s", how,
	     (unsigned long long)offset, where, fmt ? ": " : "", why);
	return failed(in, f);
}

static int altered(struct stream_in *in, struct failure *f, uint64_t offset,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static int altered(struct stream_in *in, struct failure *f, uint64_t offset,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bad_at(in, f, "altered", offset, fmt, ap);
	va_end(ap);
	return -1;
}

/* What is here is right, but this program is too old for it. */
static int unknown(struct stream_in *in, struct failure *f, const char *what,
		   uint64_t number)
{
	char where[128];

	describe_item(in, where, sizeof(where));
	fail(f, STATUS_STREAM,
	     "stream has %s %llu, which is not known here (%s, at byte %llu)",
	     what, (unsigned long long)number, where,
	     (unsigned long long)in->item.offset);
	return failed(in, f);
}

static int read_failed(struct stream_in *in, struct failure *f)
{
	fail_errno(f, STATUS_IO, "cannot read the stream (at byte %llu)",
		   (unsigned long long)(in->offset + in->end - in->start));
	return failed(in, f);
}

static int tee_failed(struct stream_in *in, struct failure *f)
{
	fail_errno(f, STATUS_IO, "cannot pass the stream on (after %llu bytes)",
		   (unsigned long long)in->tee.bytes);
	return failed(in, f);
}

/* The file ended at buf[end] although more had to follow. */
static int truncated(struct stream_in *in, struct failure *f)
{
	uint64_t at = in->offset + in->end - in->start;
	va_list none = { 0 };

	if (at == 0) {
		fail(f, STATUS_STREAM, "stream is empty");
		return failed(in, f);
	}
	if (at > in->item.offset || in->state == IN_PAGES)
		return bad_at(in, f, "truncated", at, NULL, none);
	fail(f, STATUS_STREAM,
	     "stream is truncated at byte %llu (after record %llu, without an end)",
	     (unsigned long long)at, (unsigned long long)in->items - 1);
	return failed(in, f);
}

/* ---- the buffer ---- */

static size_t have(const struct stream_in *in)
{
	return in->end - in->start;
}

static void make_room(struct stream_in *in, size_t n)
{
	if (in->room - in->start >= n)
		return;
	memmove(in->buf, in->buf + in->start, have(in));
	in->end -= in->start;
	in->start = 0;
	if (in->room < n) {
		in->room = n < 2 * in->room ? 2 * in->room : n;
		in->buf = xrealloc(in->buf, in->room);
	}
}

/* Whoever reads our tee is not kept waiting for what we wait for. */
static ssize_t read_more(struct stream_in *in, void *to, size_t n)
{
	if (in->tee.n && sink_flush(&in->tee) < 0)
		return -2;
	return read_some(in->fd, to, n);
}

/*
 * At least @n bytes in the buffer, and not much more than @n or in->ahead.
 * Room grows with what arrives, not with what is announced.
 */
static int fill(struct stream_in *in, size_t n, struct failure *f)
{
	while (have(in) < n) {
		size_t want = n - have(in);
		ssize_t r;

		if (want < in->ahead)
			want = in->ahead;
		if (want > AHEAD)
			want = AHEAD;
		make_room(in, have(in) + want);
		r = read_more(in, in->buf + in->end, want);
		if (r == -2)
			return tee_failed(in, f);
		if (r < 0)
			return read_failed(in, f);
		if (r == 0)
			return truncated(in, f);
		in->end += r;
	}
	return 0;
}

/* Consumed bytes, wherever they stand. */
static int pass_on(struct stream_in *in, const void *data, size_t n,
		   struct failure *f)
{
	in->offset += n;
	if (in->tee.fd >= 0 && sink_put(&in->tee, data, n) < 0)
		return tee_failed(in, f);
	return 0;
}

static int consume(struct stream_in *in, size_t n, struct failure *f)
{
	const uint8_t *p = in->buf + in->start;

	hash128_add(in->hash, p, n);
	in->start += n;
	return pass_on(in, p, n, f);
}

/* ---- items ---- */

/* What can be told of an item of which only the beginning is there. */
static void peek_type(struct stream_in *in)
{
	struct cursor c = {
		.p = in->buf + in->start, .end = in->buf + in->end,
	};
	struct token array = token_next(&c), type = token_next(&c);

	if (array.kind == TOKEN_ARRAY && type.kind == TOKEN_UINT &&
	    type.value <= UINT32_MAX)
		in->item.type = type.value;
}

/* One whole item into the buffer, with nothing in it that may not be. */
static int read_item(struct stream_in *in, size_t *len, struct failure *f)
{
	struct scan scan = { 0 };
	const char *why;
	size_t need;

	for (;;) {
		int r = scan_item(&scan, in->buf + in->start, have(in),
				  STREAM_RECORD_MAX, &need, &why);

		if (r > 0)
			break;
		peek_type(in);
		if (r < 0)
			return altered(in, f, in->offset + scan.pos, "%s",
				       why);
		if (fill(in, need, f) < 0)
			return -1;
	}
	*len = scan.pos;
	return 0;
}

/* How many bytes a run of @n in @coding may have in the stream. */
static bool has_length(enum stream_coding coding, size_t n, uint64_t len)
{
	switch (coding) {
	case CODING_RAW:
		return len == n;
	case CODING_ZERO:
		return len == 0;
	case CODING_LZ4:
	case CODING_ZSTD:
		return len > 0 && len < n;
	case CODING_REPEAT:
		return len > 0 && len <= REPEAT_BYTES_MAX;
	default:
		return false;
	}
}

#define BYTES_HEAD(b)	((b) >> 5 == 2 && ((b) & 31) < 28)
#define MORE_OF_HEAD(b)	(((b) & 31) < 24 ? 0u : 1u << (((b) & 31) - 24))

/* The head of a run's byte string; the bytes come later. */
static int read_bytes_head(struct stream_in *in, struct failure *f)
{
	struct stream_item *it = &in->item;
	struct bytes same = { 0 };
	uint64_t len = 0;
	uint8_t first, more;
	bool right;

	if (fill(in, 1, f) < 0)
		return -1;
	first = in->buf[in->start];
	if (!BYTES_HEAD(first))
		return altered(in, f, in->offset, "not followed by a byte string");
	more = MORE_OF_HEAD(first);
	if (fill(in, 1 + more, f) < 0)
		return -1;
	for (unsigned int i = 0; i < more; i++)
		len = len << 8 | in->buf[in->start + 1 + i];
	if (!more)
		len = first & 31;
	bytes_put_string_head(&same, len);
	right = same.n == 1u + more;
	bytes_free(&same);
	if (!right)
		return altered(in, f, in->offset,
			       "a length is longer than it need be");
	if (!has_length(it->coding, (size_t)it->count * STREAM_PAGE, len))
		return altered(in, f, in->offset,
			       "%llu bytes cannot be %u pages in coding %u (%s)",
			       (unsigned long long)len, it->count, it->coding,
			       stream_codings[it->coding]);
	it->bytes = len;
	return consume(in, 1 + more, f);
}

static int read_run_head(struct stream_in *in, const uint64_t v[static 6],
			 size_t len, struct failure *f)
{
	struct stream_item *it = &in->item;

	if (!run_is_sound(v[2], v[3]))
		return altered(in, f, in->offset,
			       "%llu pages at 0x%llx are no run",
			       (unsigned long long)v[3],
			       (unsigned long long)v[2]);
	it->address = v[2];
	it->count = v[3];
	if (v[4] >= CODINGS)
		return unknown(in, f, "pages in coding", v[4]);
	it->coding = v[4];
	in->run_hash = v[5];
	if (consume(in, len, f) < 0 || read_bytes_head(in, f) < 0)
		return -1;
	it->run = in->runs.n;
	repeat_runs_add(&in->runs, it->id, it->address, it->count);
	in->state = IN_PAGES;
	return 0;
}

/* [2, id, address, count, coding, xxh3-64] */
static int begin_run(struct stream_in *in, size_t len, struct failure *f)
{
	struct cursor c = {
		.p = in->buf + in->start, .end = in->buf + in->start + len,
	};
	struct token array = token_next(&c);
	uint64_t v[6];

	if (array.value != 6)
		return altered(in, f, in->offset, "not a run of pages");
	for (int i = 0; i < 6; i++) {
		struct token t = token_next(&c);

		if (t.kind != TOKEN_UINT)
			return altered(in, f, in->offset,
				       "not a run of pages");
		v[i] = t.value;
	}
	in->item.id = v[1];
	in->totals.runs++;
	in->totals.pages += v[3];
	return read_run_head(in, v, len, f);
}

static int same(struct stream_in *in, const char *what, uint64_t is,
		uint64_t should, struct failure *f)
{
	if (is == should)
		return 0;
	return altered(in, f, in->offset, "%llu %s came, %llu should have",
		       (unsigned long long)is, what,
		       (unsigned long long)should);
}

static int compare_end(struct stream_in *in, const struct stream_end *e,
		       struct failure *f)
{
	const struct stream_end *t = &in->totals;

	if (same(in, "records", t->records, e->records, f) < 0 ||
	    same(in, "runs of pages", t->runs, e->runs, f) < 0 ||
	    same(in, "pages", t->pages, e->pages, f) < 0 ||
	    same(in, "bytes", t->bytes, e->bytes, f) < 0)
		return -1;
	if (memcmp(t->xxh3, e->xxh3, sizeof(t->xxh3)) != 0)
		return altered(in, f, in->offset,
			       "what came does not match its checksum");
	return 0;
}

/* The end record, which is not part of its own figures. */
static int finish(struct stream_in *in, struct failure *f)
{
	const uint8_t *p = in->buf + in->start;
	struct stream_end e = { 0 };

	in->totals.bytes = in->offset;
	hash128_value(in->hash, in->totals.xxh3);
	if (stream_get(in, &stream_end_schema, &e, f) < 0 ||
	    compare_end(in, &e, f) < 0)
		return -1;
	in->start += in->item_len;
	in->state = IN_ENDED;
	if (pass_on(in, p, in->item_len, f) < 0)
		return -1;
	if (in->tee.fd >= 0 && sink_flush(&in->tee) < 0)
		return tee_failed(in, f);
	return 0;
}

/* Types that are the stream's own, or that nobody knows. */
static int check_type(struct stream_in *in, struct failure *f)
{
	uint32_t type = in->item.type;

	if (type == STREAM_HEADER && in->item.record > 0)
		return altered(in, f, in->offset, "a second header");
	if (type <= STREAM_END)
		return in->item.id ? altered(in, f, in->offset, "not id 0") : 0;
	if (type < STREAM_TYPE_FIRST ||
	    (type < STREAM_TYPE_OPTIONAL && in->known && !in->known(type)))
		return unknown(in, f, "a record of type", type);
	return 0;
}

/* [type, id, {map}] */
static int begin_record(struct stream_in *in, size_t len, struct failure *f)
{
	struct cursor c = {
		.p = in->buf + in->start, .end = in->buf + in->start + len,
	};
	struct token array = token_next(&c), id;

	token_skip(&c);		/* the type */
	id = token_next(&c);
	in->item.id = id.value;
	in->item_len = len;
	in->map = c.p - (in->buf + in->start);
	if (array.value != 3 || id.kind != TOKEN_UINT ||
	    token_next(&c).kind != TOKEN_MAP)
		return altered(in, f, in->offset, "not a record");
	in->state = IN_RECORD;
	return check_type(in, f);
}

/* Any item: its type and id, and then what is special. */
static int begin_item(struct stream_in *in, struct failure *f)
{
	struct token array, type;
	struct cursor c;
	size_t len = 0;

	in->item = (struct stream_item){
		.record = in->items, .offset = in->offset,
	};
	if (read_item(in, &len, f) < 0)
		return -1;
	c.p = in->buf + in->start;
	c.end = c.p + len;
	array = token_next(&c);
	type = token_next(&c);
	if (array.kind != TOKEN_ARRAY || array.value == 0 ||
	    type.kind != TOKEN_UINT || type.value > UINT32_MAX)
		return altered(in, f, in->offset, "not a record");
	in->item.type = type.value;
	in->items++;
	if (type.value == STREAM_PAGES)
		return begin_run(in, len, f);
	return begin_record(in, len, f);
}

/* ---- the header ---- */

/* What has to be looked at before anything else can be understood. */
struct prologue {
	char *format;
	uint32_t version;
};

static const struct field prologue_fields[] = {
	FIELD(struct prologue, format, FIELD_TEXT, .max = 64),
	FIELD(struct prologue, version, FIELD_UINT),
};

static const struct schema prologue_schema =
	SCHEMA("header", struct prologue, prologue_fields);

static int not_ours(struct stream_in *in, struct failure *f)
{
	const uint8_t *p = in->buf + in->start;
	char begins[16] = "";

	for (size_t i = 0; i < 4 && i < have(in); i++)
		snprintf(begins + 3 * i, 4, " %02x", p[i]);
	fail(f, STATUS_STREAM,
	     "this is not a Sojourn stream (it begins with%s)", begins);
	return failed(in, f);
}

/* The tag, byte by byte as far as the stream goes. */
static int read_tag(struct stream_in *in, struct failure *f)
{
	struct bytes tag = { 0 };
	int r = 0;

	bytes_put_tag(&tag, STREAM_TAG);
	for (size_t i = 0; i < tag.n && r == 0; i++) {
		r = fill(in, i + 1, f);
		if (r == 0 && in->buf[in->start + i] != tag.data[i])
			r = not_ours(in, f);
	}
	if (r == 0)
		r = consume(in, tag.n, f);
	bytes_free(&tag);
	return r;
}

static int check_prologue(struct stream_in *in, struct failure *f)
{
	struct prologue p = { 0 };
	int r = stream_get(in, &prologue_schema, &p, f);

	if (r == 0 && (!p.format || strcmp(p.format, STREAM_FORMAT) != 0))
		r = fail(f, STATUS_STREAM,
			 "this is not a Sojourn stream (its format is not %s)",
			 STREAM_FORMAT);
	if (r == 0 && p.version != STREAM_VERSION)
		r = fail(f, STATUS_STREAM,
			 "stream version %u is not known here (this program reads version %u)",
			 p.version, STREAM_VERSION);
	schema_free(&prologue_schema, &p);
	return r < 0 ? failed(in, f) : 0;
}

int stream_get_header(struct stream_in *in, struct stream_header *h,
		      struct failure *f)
{
	if (in->failed.status)
		return still_failed(in, f);
	if (in->state != IN_NEW)
		return fail(f, STATUS_SYSTEM, "the header was read before");
	if (read_tag(in, f) < 0 || begin_item(in, f) < 0)
		return -1;
	if (in->item.type != STREAM_HEADER)
		return altered(in, f, in->offset, "not a header");
	in->totals.records = 1;
	if (check_prologue(in, f) < 0 ||
	    stream_get(in, &stream_header_schema, h, f) < 0)
		return -1;
	if (h->page != STREAM_PAGE) {
		fail(f, STATUS_STREAM,
		     "stream has pages of %u bytes (this program reads %u)",
		     h->page, STREAM_PAGE);
		schema_free(&stream_header_schema, h);
		return failed(in, f);
	}
	return 0;
}

/* ---- pages ---- */

static uint8_t *map_run(int prot)
{
	uint8_t *p, *aligned;

	p = mmap(NULL, RUN_BYTES + RUN_ALIGN, prot,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	aligned = p + -(uintptr_t)p % RUN_ALIGN;
	if (aligned > p)
		munmap(p, aligned - p);
	munmap(aligned + RUN_BYTES, RUN_ALIGN - (aligned - p));
	madvise(aligned, RUN_BYTES, MADV_HUGEPAGE);
	return aligned;
}

static void unmap_run(uint8_t *p)
{
	if (p)
		munmap(p, RUN_BYTES);
}

static uint8_t *need_run(struct stream_in *in, uint8_t **p, int prot,
			 struct failure *f)
{
	if (!*p)
		*p = map_run(prot);
	if (!*p) {
		fail_errno(f, STATUS_SYSTEM, "cannot have room for pages");
		failed(in, f);
	}
	return *p;
}

/* A piece of the run's bytes to @to, from the buffer or from the file. */
static ssize_t read_piece(struct stream_in *in, uint8_t *to, size_t n,
			  struct failure *f)
{
	size_t buffered = have(in) < n ? have(in) : n;
	ssize_t r;

	if (buffered) {
		memcpy(to, in->buf + in->start, buffered);
		in->start += buffered;
		return buffered;
	}
	r = read_more(in, to, n);
	if (r == -2)
		return tee_failed(in, f);
	if (r < 0)
		return read_failed(in, f);
	if (r == 0)
		return truncated(in, f);
	return r;
}

/* @n bytes of the run, also into @hash if there is one. */
static int read_bytes(struct stream_in *in, uint8_t *to, size_t n,
		      struct hash *hash, struct failure *f)
{
	while (n) {
		size_t chunk = n < HASH_CHUNK ? n : HASH_CHUNK;
		ssize_t r = read_piece(in, to, chunk, f);

		if (r < 0)
			return -1;
		if (hash)
			hash64_add(hash, to, r);
		hash128_add(in->hash, to, r);
		if (pass_on(in, to, r, f) < 0)
			return -1;
		to += r;
		n -= r;
	}
	return 0;
}

static int compare_run(struct stream_in *in, uint64_t is, struct failure *f)
{
	if (is == in->run_hash)
		return 0;
	return altered(in, f, in->item.offset, "they do not match their checksum");
}

/* As they are, or nothing. */
static int read_raw(struct stream_in *in, uint8_t *to, struct failure *f)
{
	hash64_begin(in->run);
	if (read_bytes(in, to, in->item.bytes, in->run, f) < 0)
		return -1;
	return compare_run(in, hash64_value(in->run), f);
}

static int read_packed(struct stream_in *in, uint8_t *to, size_t n,
		       struct failure *f)
{
	size_t len = in->item.bytes;

	if (!need_run(in, &in->packed, PROT_READ | PROT_WRITE, f) ||
	    read_bytes(in, in->packed, len, NULL, f) < 0)
		return -1;
	if (!in->press)
		in->press = press_new();
	if (press_unpack(in->press, in->item.coding, in->packed, len, to, n) < 0)
		return altered(in, f, in->item.offset,
			       "they are not %u pages in %s", in->item.count,
			       stream_codings[in->item.coding]);
	return compare_run(in, hash64_of(to, n), f);
}

/* What it says, and whether there was such a thing. */
static int read_repeat(struct stream_in *in, struct stream_place *place,
		       struct failure *f)
{
	uint8_t said[REPEAT_BYTES_MAX];
	struct repeat r;
	const char *why;

	if (read_bytes(in, said, in->item.bytes, NULL, f) < 0)
		return -1;
	if (repeat_decode(&r, said, in->item.bytes) < 0)
		return altered(in, f, in->item.offset, "not a repeat");
	why = repeat_place(&in->runs, &r, in->item.count, place);
	return why ? altered(in, f, in->item.offset, "%s", why) : 0;
}

static int skip_repeat(struct stream_in *in, struct failure *f)
{
	struct stream_place place;

	return read_repeat(in, &place, f);
}

static int recall(struct stream_in *in, uint8_t *to, size_t n, struct failure *f)
{
	struct stream_place place;

	if (read_repeat(in, &place, f) < 0)
		return -1;
	if (!in->recall)
		return altered(in, f, in->item.offset,
			       "a repeat, where nothing is kept");
	if (in->recall(in->recall_arg, &place, to, f) < 0)
		return failed(in, f);
	return compare_run(in, hash64_of(to, n), f);
}

static uint8_t *current_run(struct stream_in *in, struct failure *f)
{
	if (in->item.coding == CODING_ZERO)
		return need_run(in, &in->zeros, PROT_READ, f);
	return need_run(in, &in->pages, PROT_READ | PROT_WRITE, f);
}

static int read_run(struct stream_in *in, uint8_t *to, struct failure *f)
{
	size_t n = (size_t)in->item.count * STREAM_PAGE;

	switch (in->item.coding) {
	case CODING_LZ4:
	case CODING_ZSTD:
		return read_packed(in, to, n, f);
	case CODING_REPEAT:
		return recall(in, to, n, f);
	default:
		return read_raw(in, to, f);
	}
}

const void *stream_get_pages(struct stream_in *in, struct failure *f)
{
	uint8_t *run;

	if (in->failed.status) {
		still_failed(in, f);
		return NULL;
	}
	if (in->state != IN_PAGES && in->state != IN_TAKEN) {
		fail(f, STATUS_SYSTEM, "these are no pages");
		return NULL;
	}
	run = current_run(in, f);
	if (!run || in->state == IN_TAKEN)
		return run;
	if (read_run(in, run, f) < 0)
		return NULL;
	in->state = IN_TAKEN;
	/* After large runs only a head is worth reading ahead: what is read
	 * of the next run's bytes would have to be copied. */
	in->ahead = in->item.bytes >= SINK_DIRECT ? AHEAD_HEAD : AHEAD;
	return run;
}

/* ---- one after the other ---- */

/* Done with the current item, taken or not. */
static int leave(struct stream_in *in, struct failure *f)
{
	struct stream_header h = { 0 };

	switch (in->state) {
	case IN_NEW:
		if (stream_get_header(in, &h, f) < 0)
			return -1;
		schema_free(&stream_header_schema, &h);
		/* fall through */
	case IN_RECORD:
		return consume(in, in->item_len, f);
	case IN_PAGES:
		return in->item.coding == CODING_REPEAT ? skip_repeat(in, f) :
			stream_get_pages(in, f) ? 0 : -1;
	default:
		return 0;
	}
}

int stream_next(struct stream_in *in, struct stream_item *item,
		struct failure *f)
{
	if (in->failed.status)
		return still_failed(in, f);
	if (in->state == IN_ENDED)
		return 0;
	if (leave(in, f) < 0)
		return -1;
	in->state = IN_BETWEEN;
	if (begin_item(in, f) < 0)
		return -1;
	if (in->item.type == STREAM_END)
		return finish(in, f);
	if (in->item.type != STREAM_PAGES &&
	    ++in->totals.records > STREAM_RECORDS_MAX)
		return altered(in, f, in->offset, "more than %u records",
			       STREAM_RECORDS_MAX);
	*item = in->item;
	return 1;
}

int stream_get(struct stream_in *in, const struct schema *s, void *rec,
	       struct failure *f)
{
	struct failure why = { 0 };

	if (in->failed.status)
		return still_failed(in, f);
	if (in->state != IN_RECORD)
		return fail(f, STATUS_SYSTEM, "this is no record");
	if (schema_decode(s, rec, in->buf + in->start + in->map,
			  in->item_len - in->map, &why) < 0)
		return altered(in, f, in->item.offset, "%s", why.text);
	return 0;
}

/* ---- the rest ---- */

void stream_in_totals(const struct stream_in *in, struct stream_end *totals)
{
	*totals = in->totals;
	if (in->state == IN_ENDED)
		return;
	totals->bytes = in->offset;
	hash128_value(in->hash, totals->xxh3);
}

const void *stream_in_rest(const struct stream_in *in, size_t *len)
{
	*len = in->state == IN_ENDED ? have(in) : 0;
	return in->buf + in->start;
}

void stream_in_free(struct stream_in *in)
{
	if (!in)
		return;
	/* What came is passed on, even if it was the beginning of nothing. */
	if (in->tee.n)
		sink_flush(&in->tee);
	sink_free(&in->tee);
	hash_free(in->hash);
	hash_free(in->run);
	unmap_run(in->pages);
	unmap_run(in->zeros);
	unmap_run(in->packed);
	press_free(in->press);
	repeat_runs_free(&in->runs);
	free(in->buf);
	free(in);
}
