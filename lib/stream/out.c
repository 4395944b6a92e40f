/* SPDX-License-Identifier: MIT */
/*
 * out.c - records out
 *
 * Every byte before the end record goes through put(), which hashes it and
 * hands it on.  The bytes of pages are hashed a chunk at a time just before
 * they are written, while they are in the cache, and are not copied.
 *
 * Those that the caller has put into room of ours may be lent to a pipe.  There
 * is more of such room than a pipe holds, so that there is always some that its
 * reader is done with; what was least often lent is in the cache.
 *
 * Pages that are to be shorter are packed (press.c) or named as a repeat of what
 * was there before (repeat.c); whether that is worth it on the way to this
 * reader is worked out from how long he keeps us waiting (pace.c).
 *
 * After a failure every call fails with the first reason.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "stream/codec.h"
#include "stream/hash.h"
#include "stream/pace.h"
#include "stream/press.h"
#include "stream/private.h"
#include "stream/repeat.h"
#include "stream/sink.h"
#include "stream/stream.h"

#define ROOMS	8		/* twice what a pipe holds, as a rule */

enum out_state { OUT_NEW, OUT_OPEN, OUT_ENDED };

struct stream_out {
	struct sink sink;
	struct hash *hash;	/* owned; of all bytes so far */
	struct bytes scratch;	/* the record being encoded */
	struct stream_end totals;
	enum out_state state;
	uint8_t *rooms;		/* ROOMS of STREAM_ROOM bytes, NULL none yet */
	uint64_t lent_until[ROOMS];	/* free when that much was taken */
	struct pace pace;
	struct press *press;	/* owned; NULL until needed */
	struct repeat_index *index;	/* owned; NULL until needed */
	struct failure failed;	/* the first one */
};

struct stream_out *stream_out_new(int fd)
{
	struct stream_out *o = xcalloc(1, sizeof(*o));

	o->sink.fd = fd;
	o->pace.wish = COMPRESS_NONE;
	o->hash = hash_new();
	hash128_begin(o->hash);
	pipe_enlarge(fd);
	return o;
}

/* Remembers why, for the calls to come. */
static int failed(struct stream_out *o, struct failure *f)
{
	if (!o->failed.status)
		o->failed = *f;
	return -1;
}

static int write_failed(struct stream_out *o, struct failure *f)
{
	fail_errno(f, STATUS_IO, "cannot write the stream (after %llu bytes)",
		   (unsigned long long)o->sink.bytes);
	return failed(o, f);
}

static int ready(const struct stream_out *o, enum out_state state,
		 struct failure *f)
{
	if (o->failed.status)
		return fail(f, o->failed.status, "%s", o->failed.text);
	if (o->state != state)
		return fail(f, STATUS_SYSTEM,
			    "a stream is a header, records, an end: not in this order");
	return 0;
}

/* The room that @data is in; ROOMS if it is the caller's own. */
static size_t room_of(const struct stream_out *o, const uint8_t *data)
{
	if (!o->rooms || data < o->rooms ||
	    data >= o->rooms + ROOMS * STREAM_ROOM)
		return ROOMS;
	return (data - o->rooms) / STREAM_ROOM;
}

static int put_chunk(struct stream_out *o, const void *data, size_t n)
{
	size_t room = room_of(o, data);
	bool lent = false;

	if (room == ROOMS)
		return sink_put(&o->sink, data, n);
	if (sink_lend(&o->sink, data, n, &lent) < 0)
		return -1;
	if (lent)
		o->lent_until[room] = o->sink.bytes;
	return 0;
}

static int put(struct stream_out *o, const void *data, size_t n,
	       struct failure *f)
{
	const char *p = data;

	while (n) {
		size_t chunk = n < HASH_CHUNK ? n : HASH_CHUNK;

		hash128_add(o->hash, p, chunk);
		if (put_chunk(o, p, chunk) < 0)
			return write_failed(o, f);
		p += chunk;
		n -= chunk;
	}
	return 0;
}

/* [type, id, {rec}] into scratch. */
static int encode(struct stream_out *o, uint32_t type, uint64_t id,
		  const struct schema *s, const void *rec, struct failure *f)
{
	bytes_put_array(&o->scratch, 3);
	bytes_put_uint(&o->scratch, type);
	bytes_put_uint(&o->scratch, id);
	if (schema_encode(s, rec, &o->scratch, f) < 0)
		return failed(o, f);
	if (o->scratch.n > STREAM_RECORD_MAX) {
		fail(f, STATUS_OBSTACLE,
		     "a stream cannot hold a %s of %zu bytes", s->name,
		     o->scratch.n);
		return failed(o, f);
	}
	return 0;
}

int stream_put_header(struct stream_out *o, const struct stream_header *given,
		      struct failure *f)
{
	struct stream_header h = *given;
	char format[] = STREAM_FORMAT;

	if (ready(o, OUT_NEW, f) < 0)
		return -1;
	h.format = format;
	h.version = STREAM_VERSION;
	h.page = STREAM_PAGE;
	o->state = OUT_OPEN;
	o->totals.records = 1;
	o->scratch.n = 0;
	bytes_put_tag(&o->scratch, STREAM_TAG);
	if (encode(o, STREAM_HEADER, 0, &stream_header_schema, &h, f) < 0)
		return -1;
	return put(o, o->scratch.data, o->scratch.n, f);
}

int stream_put(struct stream_out *o, uint32_t type, uint64_t id,
	       const struct schema *s, const void *rec, struct failure *f)
{
	if (ready(o, OUT_OPEN, f) < 0)
		return -1;
	if (type < STREAM_TYPE_FIRST)
		return fail(f, STATUS_SYSTEM, "%u is no type of a record",
			    type);
	if (++o->totals.records > STREAM_RECORDS_MAX) {
		fail(f, STATUS_OBSTACLE,
		     "a stream cannot hold more than %u records",
		     STREAM_RECORDS_MAX);
		return failed(o, f);
	}
	o->scratch.n = 0;
	if (encode(o, type, id, s, rec, f) < 0)
		return -1;
	return put(o, o->scratch.data, o->scratch.n, f);
}

static int make_rooms(struct stream_out *o, struct failure *f)
{
	uint8_t *at = mmap(NULL, ROOMS * STREAM_ROOM, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		fail_errno(f, 0, "cannot allocate a buffer");
		return failed(o, f);
	}
	o->rooms = at;
	return 0;
}

/* Until the reader has taken some. */
static int pause_for(struct stream_out *o, struct failure *f)
{
	int64_t before = monotonic_ns();
	int rc = sink_pause(&o->sink);

	pace_waited(&o->pace, monotonic_ns() - before);
	return rc < 0 ? write_failed(o, f) : 0;
}

void *stream_room(struct stream_out *o, struct failure *f)
{
	if (!o->rooms && make_rooms(o, f) < 0)
		return NULL;
	for (;;) {
		uint64_t taken = o->sink.lends ? sink_taken(&o->sink) : 0;

		for (size_t i = 0; i < ROOMS; i++)
			if (o->lent_until[i] <= taken)
				return o->rooms + i * STREAM_ROOM;
		if (pause_for(o, f) < 0)
			return NULL;
	}
}

/* ---- pages ---- */

static int put_waiting(struct stream_out *o, const void *bytes, size_t len,
		       struct failure *f)
{
	int64_t before = monotonic_ns();
	int rc = put(o, bytes, len, f);

	pace_waited(&o->pace, monotonic_ns() - before);
	return rc;
}

static int put_run(struct stream_out *o, uint64_t id, uint64_t address,
		   uint32_t count, enum stream_coding coding, uint64_t xxh3,
		   const void *bytes, size_t len, struct failure *f)
{
	struct bytes *b = &o->scratch;

	b->n = 0;
	bytes_put_array(b, 6);
	bytes_put_uint(b, STREAM_PAGES);
	bytes_put_uint(b, id);
	bytes_put_uint(b, address);
	bytes_put_uint(b, count);
	bytes_put_uint(b, coding);
	bytes_put_uint(b, xxh3);
	bytes_put_string_head(b, len);
	o->totals.runs++;
	o->totals.pages += count;
	if (put(o, b->data, b->n, f) < 0)
		return -1;
	return put_waiting(o, bytes, len, f);
}

static const void *pack(struct stream_out *o, enum stream_coding coding,
			const void *bytes, size_t n, size_t *len)
{
	int64_t before = monotonic_ns();
	const void *packed;

	if (!o->press)
		o->press = press_new();
	packed = press_pack(o->press, coding, bytes, n, len);
	pace_packed(&o->pace, coding, monotonic_ns() - before, n,
		    packed ? *len : n);
	return packed;
}

static int check_run(uint64_t address, uint32_t count, enum stream_coding coding,
		     struct failure *f)
{
	if (run_is_sound(address, count) && coding <= CODING_ZSTD)
		return 0;
	return fail(f, STATUS_SYSTEM, "%u pages at 0x%llx in coding %u are no run",
		    count, (unsigned long long)address, coding);
}

int stream_put_pages(struct stream_out *o, uint64_t id, uint64_t address,
		     uint32_t count, enum stream_coding coding,
		     const void *bytes, struct failure *f)
{
	size_t n = (size_t)count * STREAM_PAGE, len = n;
	const void *packed = NULL;

	if (ready(o, OUT_OPEN, f) < 0 ||
	    check_run(address, count, coding, f) < 0)
		return -1;
	if (coding == CODING_ZERO)
		return put_run(o, id, address, count, coding, hash64_of("", 0),
			       NULL, 0, f);
	if (coding != CODING_RAW)
		packed = pack(o, coding, bytes, n, &len);
	return put_run(o, id, address, count, packed ? coding : CODING_RAW,
		       hash64_of(bytes, n), packed ? packed : bytes,
		       packed ? len : n, f);
}

static int put_repeat(struct stream_out *o, uint64_t id, uint64_t address,
		      uint32_t count, const struct repeat *r, const void *bytes,
		      struct failure *f)
{
	uint64_t xxh3 = hash64_of(bytes, (size_t)count * STREAM_PAGE);
	struct bytes b = { 0 };
	int rc;

	repeat_encode(r, &b);
	rc = put_run(o, id, address, count, CODING_REPEAT, xxh3, b.data, b.n, f);
	bytes_free(&b);
	return rc;
}

/* What was there before, and what was not. */
static int put_parts(struct stream_out *o, uint64_t id, uint64_t address,
		     uint32_t count, bool stays, enum stream_coding coding,
		     const uint8_t *bytes, struct failure *f)
{
	if (!o->index)
		o->index = repeat_index_new();
	repeat_look(o->index, bytes, count);
	for (uint32_t i = 0, n; i < count; i += n) {
		uint64_t at = address + (uint64_t)i * STREAM_PAGE;
		const uint8_t *data = bytes + (size_t)i * STREAM_PAGE;
		uint64_t run = o->totals.runs;
		struct repeat r;
		int rc;

		n = repeat_find(o->index, run, count, i, &r);
		rc = r.back ? put_repeat(o, id, at, n, &r, data, f) :
			stream_put_pages(o, id, at, n, coding, data, f);
		if (rc < 0)
			return -1;
		if (stays && !r.back && id < STREAM_SPACES)
			repeat_note(o->index, run, i, n);
	}
	return 0;
}

int stream_put_content(struct stream_out *o, uint64_t id, uint64_t address,
		       uint32_t count, bool stays, const void *bytes,
		       struct failure *f)
{
	uint64_t n = (uint64_t)count * STREAM_PAGE;
	enum stream_coding coding = CODING_RAW;

	if (ready(o, OUT_OPEN, f) < 0 ||
	    check_run(address, count, coding, f) < 0)
		return -1;
	if (o->pace.wish != COMPRESS_NONE)
		coding = pace_next(&o->pace, monotonic_ns(), n, o->sink.bytes,
				   sink_lends(&o->sink));
	if (coding == CODING_RAW)
		return stream_put_pages(o, id, address, count, coding, bytes, f);
	return put_parts(o, id, address, count, stays, coding, bytes, f);
}

void stream_compress(struct stream_out *o, enum stream_compress wish)
{
	o->pace.wish = wish;
}

/* ---- the end ---- */

/* The end record is not part of its own hash. */
int stream_put_end(struct stream_out *o, struct failure *f)
{
	if (ready(o, OUT_OPEN, f) < 0)
		return -1;
	o->state = OUT_ENDED;
	o->totals.bytes = o->sink.bytes;
	hash128_value(o->hash, o->totals.xxh3);
	o->scratch.n = 0;
	if (encode(o, STREAM_END, 0, &stream_end_schema, &o->totals, f) < 0)
		return -1;
	if (sink_put(&o->sink, o->scratch.data, o->scratch.n) < 0 ||
	    sink_flush(&o->sink) < 0)
		return write_failed(o, f);
	return 0;
}

int stream_await_reader(struct stream_out *o, struct failure *f)
{
	if (ready(o, OUT_ENDED, f) < 0)
		return -1;
	if (sink_drain(&o->sink) < 0) {
		fail_errno(f, STATUS_IO, "the reader of the stream did not take "
			   "all of its %llu bytes",
			   (unsigned long long)o->sink.bytes);
		return failed(o, f);
	}
	return 0;
}

uint64_t stream_out_bytes(const struct stream_out *o)
{
	return o->sink.bytes;
}

void stream_out_free(struct stream_out *o)
{
	if (!o)
		return;
	if (o->rooms)
		munmap(o->rooms, ROOMS * STREAM_ROOM);
	sink_free(&o->sink);
	hash_free(o->hash);
	press_free(o->press);
	repeat_index_free(o->index);
	bytes_free(&o->scratch);
	free(o);
}
