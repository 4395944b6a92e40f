/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the wire format: records out, records in; see migrate-stream(5)
 *
 * A stream is a CBOR sequence (RFC 8742):
 *
 *	55799([0, 0, { header }])		once, first
 *	[type, id, { map }]			records, by schema.h
 *	[2, id, address, count, coding, xxh3-64], h'...'
 *						a run of pages, and its bytes in
 *						that coding
 *	[1, 0, { end }]				once, last
 *
 * in deterministic encoding.  Record types below STREAM_TYPE_OPTIONAL must be
 * known to the reader, above it they may be skipped.  The bytes of pages never
 * become a CBOR item in memory: their head is encoded, they go as they are.
 *
 * Everything that is read is bounded before anything is allocated.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <stdint.h>

#include "stream/schema.h"

#define STREAM_FORMAT		"sojourn-stream"
#define STREAM_VERSION		1
#define STREAM_PAGE		4096u

enum {
	STREAM_HEADER = 0,
	STREAM_END = 1,
	STREAM_PAGES = 2,
	STREAM_TYPE_FIRST = 16,		/* kinds of resource: from here */
	STREAM_TYPE_OPTIONAL = 1024,	/* a reader may skip these */
};

enum stream_coding {
	CODING_RAW = 0,		/* count * 4096 bytes follow */
	CODING_ZERO = 1,	/* no bytes follow: h'' */
	CODING_LZ4 = 2,		/* an lz4 block */
	CODING_ZSTD = 3,	/* one zstd frame that says its content's size */
	CODING_REPEAT = 4,	/* [back, first]: pages of an earlier run */
	/* 5 delta: reserved */
	CODINGS
};

extern const char *const stream_codings[];	/* names of these */

#define STREAM_RUN_MAX		1024	/* pages in one run */
#define STREAM_BACK_MAX		((1u << 18) - 1)	/* runs back to one that is
						   repeated */
#define STREAM_SPACES		(1ull << 32)	/* ids of runs below that are of
						   address spaces, which alone
						   can be repeated */
#define STREAM_RECORD_MAX	(4u << 20)	/* bytes of one record */
#define STREAM_RECORDS_MAX	(4u << 20)	/* records in one stream */

struct stream_header {
	char *format;		/* STREAM_FORMAT */
	uint32_t version;
	char *kind;		/* "process" */
	char *arch;		/* "x86_64" */
	char *kernel;		/* uname: release */
	char *host;		/* uname: nodename */
	char *boot;		/* /proc/sys/kernel/random/boot_id */
	uint32_t page;		/* STREAM_PAGE */
	uint64_t time_ns;	/* CLOCK_REALTIME at the freeze */
	uint64_t monotonic_ns;	/* CLOCK_MONOTONIC at the freeze, as the tree
				   sees it */
	uint64_t boottime_ns;	/* CLOCK_BOOTTIME likewise */
	int64_t monotonic_shift_ns;	/* of the tree's time namespace */
	int64_t boottime_shift_ns;
	uint8_t id[16];		/* migration id, random */
	uint64_t xcr0;		/* XSAVE components the CPU has enabled */
	struct list cpu;	/* of struct cpu_feature: what the CPU offers */
	bool tty;		/* the capturing end passes a terminal's keys */
	uint32_t ends;		/* what becomes of the source after this: 0 it
				   stays stopped, 1 is killed, 2 runs on */
	uint64_t root;		/* PID at the top of the tree */
	uint32_t live;		/* enum stream_live */
	uint64_t resident;	/* bytes of memory, about: a hint of what comes */
};

/* Where the pages of a program are that was running, or is to run, meanwhile. */
enum stream_live {
	LIVE_NO = 0,
	LIVE_PRECOPY = 1,	/* most come before its records */
	LIVE_POSTCOPY = 2,	/* most come when it runs again */
};

/* A flag as /proc/cpuinfo names it. */
struct cpu_feature {
	char *name;
};

struct stream_end {
	uint64_t records;	/* header included, this record and pages not */
	uint64_t runs;		/* of pages */
	uint64_t pages;		/* in these runs */
	uint64_t bytes;		/* length of all before this record */
	uint8_t xxh3[16];	/* XXH3-128 of these bytes, canonical order */
};

extern const struct schema stream_header_schema, stream_end_schema;

/* ---- writing ---- */

struct stream_out;

/* Writes to @fd, which stays the caller's; large buffers, flushed at the end.
 * A pipe is enlarged as far as the kernel allows. */
struct stream_out *stream_out_new(int fd);
/* Format, version and page size are filled in whatever they are. */
int stream_put_header(struct stream_out *, const struct stream_header *,
		      struct failure *);
int stream_put(struct stream_out *, uint32_t type, uint64_t id,
	       const struct schema *, const void *rec, struct failure *);
/* STREAM_ROOM bytes for pages on their way out: from there they leave fastest.
 * Yours until the next call; what was put from it is not to be changed even before
 * that.  NULL on failure. */
#define STREAM_ROOM	((size_t)256 << 10)
void *stream_room(struct stream_out *, struct failure *);
/* @bytes: count * STREAM_PAGE for CODING_RAW, ignored for CODING_ZERO; for
 * CODING_LZ4 and CODING_ZSTD as for the first, and if they would not become
 * shorter, that is what it becomes. */
int stream_put_pages(struct stream_out *, uint64_t id, uint64_t address,
		     uint32_t count, enum stream_coding, const void *bytes,
		     struct failure *);
/* The same in whatever codings are best, as far as stream_compress() allows:
 * it may become several runs.  @stays: what a reader has put there, he finds
 * there again until the end. */
int stream_put_content(struct stream_out *, uint64_t id, uint64_t address,
		       uint32_t count, bool stays, const void *bytes,
		       struct failure *);
enum stream_compress {
	COMPRESS_AUTO,		/* as it leaves soonest: rates are measured */
	COMPRESS_NONE,
	COMPRESS_LZ4,		/* and repeats */
	COMPRESS_ZSTD,
};
/* Before any pages; COMPRESS_NONE if it is never called. */
void stream_compress(struct stream_out *, enum stream_compress);
/* The end record; everything has left for @fd when this returns 0. */
int stream_put_end(struct stream_out *, struct failure *);
/* After the end, if @fd is a pipe or socket: waits until its reader has taken
 * all of it; -1 if he goes away before that.  Of what reads behind him, nothing
 * is known. */
int stream_await_reader(struct stream_out *, struct failure *);
uint64_t stream_out_bytes(const struct stream_out *);	/* so far */
void stream_out_free(struct stream_out *);

/* ---- reading ---- */

struct stream_in;

/* What stream_next() found; pages fields only if type is STREAM_PAGES. */
struct stream_item {
	uint32_t type;
	uint64_t id;
	uint64_t offset;	/* in the stream, of the item's first byte */
	uint64_t record;	/* its number: the header is 0, a run counts too */
	uint64_t address;	/* of the first page, multiple of STREAM_PAGE */
	uint32_t count;		/* pages, 1..STREAM_RUN_MAX */
	enum stream_coding coding;
	uint32_t bytes;		/* of it in the stream, without its head */
	uint64_t run;		/* its number among the runs, from 0 */
};

/* Pages that have come before, in run number @run. */
struct stream_place {
	uint64_t run;
	uint64_t id, address;	/* of the first of these pages */
	uint32_t count;
};

/* What the caller has put there, into @to, for a run that repeats it; -1 if it
 * cannot be had. */
typedef int stream_recall(void *arg, const struct stream_place *place, void *to,
			  struct failure *);

/* Reads from @fd, which stays the caller's; may read beyond the end record,
 * stream_in_rest() has what it read too much. */
struct stream_in *stream_in_new(int fd);
/* Copy every byte of the stream that is read to @fd too (--tee). */
void stream_in_tee(struct stream_in *, int fd);
/* Which types below STREAM_TYPE_OPTIONAL the caller knows: any other one is a
 * failure.  NULL, as at the start: all are. */
void stream_in_known(struct stream_in *, bool (*known)(uint32_t type));
/* What messages call a type ("mapping"); NULL, from it too: by number. */
void stream_in_names(struct stream_in *, const char *(*name)(uint32_t type));
/* Whom to ask for what has come before; NULL, as at the start: nobody keeps it,
 * and a run that repeats it can only be skipped. */
void stream_in_recall(struct stream_in *, stream_recall *, void *arg);
/* First call only: reads and checks format, version, page size (but not
 * kind, arch or CPU).  Owned by the caller: schema_free(). */
int stream_get_header(struct stream_in *, struct stream_header *,
		      struct failure *);
/*
 * Next item: 1, or 0 after an end record that is right in every figure, or -1.
 * A record whose map was not taken, and pages whose bytes were not taken, are
 * checked and skipped by the next call; of a repeat, only that there was such a
 * thing.
 */
int stream_next(struct stream_in *, struct stream_item *, struct failure *);
/* The current record's map into the zeroed struct of @s, strictly: wrong
 * types, sizes, duplicate keys, too deep, too long are failures. */
int stream_get(struct stream_in *, const struct schema *s, void *rec,
	       struct failure *);
/*
 * The current run's bytes, decoded and checked against its xxh3: count *
 * STREAM_PAGE bytes, owned by the reader, good until the next call.  For
 * CODING_ZERO they are zeros.  NULL on failure.
 */
const void *stream_get_pages(struct stream_in *, struct failure *);
/* Totals so far, also after the end. */
void stream_in_totals(const struct stream_in *, struct stream_end *);
/* Bytes read from @fd that belong to what follows the stream. */
const void *stream_in_rest(const struct stream_in *, size_t *len);
void stream_in_free(struct stream_in *);

/* ---- printing ---- */

#include <stdio.h>

/* A record as a JSON object (bytes as hex strings), without a newline. */
void schema_print_json(FILE *, const struct schema *, const void *rec);
/* As "key value, key value", for people, without a newline. */
void schema_print_text(FILE *, const struct schema *, const void *rec);
/* A text of a record in the same two ways: as a JSON string, NULL too; in
 * quotes where it has a space, and without a byte that could move a cursor. */
void text_print_json(FILE *, const char *text);
void text_print(FILE *, const char *text);

#endif
