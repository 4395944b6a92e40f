/* SPDX-License-Identifier: MIT */
/*
 * token.h - CBOR as tokens, and where an item ends; private to lib/stream
 *
 * The scanner accepts exactly what a stream may contain: unsigned and negative
 * integers, byte and text strings, arrays, maps with text keys, true and
 * false, all in deterministic encoding (RFC 8949, 4.2.1).  What it accepted
 * can be read again by token_next() without a way to fail.
 *
 * It can be fed piece by piece: the state says where it was, so an item that
 * arrives byte by byte is still looked at once.
 */
#ifndef STREAM_TOKEN_H
#define STREAM_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/schema.h"

enum token_kind {
	TOKEN_UINT,
	TOKEN_NEGINT,		/* the number is -1 - value */
	TOKEN_BYTES,
	TOKEN_TEXT,
	TOKEN_ARRAY,
	TOKEN_MAP,
	TOKEN_BOOL,
	TOKEN_OTHER,		/* nothing that a stream may contain */
};

struct token {
	enum token_kind kind;
	uint64_t value;		/* number, length, count, truth */
	const uint8_t *data;	/* of strings */
	size_t size;		/* on the wire, with the data of strings */
};

/* [type, id, {map}] and then an array and a map for each FIELD_STRUCTS, with
 * an array of numbers in the innermost. */
#define SCAN_DEPTH	(2 + 2 * SCHEMA_DEPTH_MAX + 1)

struct scan {
	size_t pos;		/* bytes understood */
	unsigned int depth;
	struct scan_level {
		uint64_t left;	/* items to come; a map has two an entry */
		bool map;
		size_t key, key_len;	/* the key before, as encoded */
	} levels[SCAN_DEPTH];
};

/*
 * Goes on with the item at @p, of which @n bytes are there.  1: it is complete
 * and scan->pos bytes long.  0: at least *@need bytes are needed.  -1: it is
 * nothing that a stream may contain, *@why says why.  Start with a zeroed scan;
 * @p may be elsewhere the next time.  An item is at most @max bytes long.
 */
int scan_item(struct scan *s, const uint8_t *p, size_t n, size_t max,
	      size_t *need, const char **why);

/* Reads what was scanned. */
struct cursor {
	const uint8_t *p, *end;
};

struct token token_next(struct cursor *c);
/* The next item, with all that is in it. */
void token_skip(struct cursor *c);

#endif
