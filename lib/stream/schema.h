/* SPDX-License-Identifier: MIT */
/*
 * schema.h - a C struct as a CBOR map, described by a table
 *
 * Each kind of record has one struct and one table of fields.  Encoding,
 * decoding, printing and freeing are written once and walk the table.  A field
 * whose value is zero, empty or NULL is not on the wire, and a field that is
 * not on the wire is zero, empty or NULL.  Unknown keys are skipped.
 *
 * The fields of a table stand in the order that deterministic encoding wants
 * (RFC 8949, 4.2.1: of the encoded keys, so shorter keys first, then bytewise);
 * schema_check() verifies it, and tests run it over every table.
 */
#ifndef STREAM_SCHEMA_H
#define STREAM_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "base/list.h"

/* Bytes of any length; data is owned by the struct they stand in. */
struct blob {
	uint8_t *data;
	size_t len;
};

enum field_type {
	FIELD_BOOL,		/* bool */
	FIELD_UINT,		/* uint8_t .. uint64_t, by the field's size */
	FIELD_INT,		/* int32_t, int64_t: negative if need be */
	FIELD_TEXT,		/* char *, owned, UTF-8 or not (then a byte
				   string on the wire): a path is bytes */
	FIELD_BLOB,		/* struct blob */
	FIELD_FIXED,		/* uint8_t [size], on the wire a byte string */
	FIELD_WORDS,		/* struct list of uint64_t: array of numbers */
	FIELD_STRUCTS,		/* struct list of what @sub says: array of maps */
};

struct schema;

struct field {
	const char *key;
	enum field_type type;
	uint16_t offset;	/* of the member in its struct */
	uint16_t size;		/* of the member, bytes */
	uint32_t max;		/* blob, text: bytes; lists: items; 0: default */
	const struct schema *sub;	/* of FIELD_STRUCTS */
	bool hex;		/* print in hexadecimal: an address, a mask */
};

struct schema {
	const char *name;	/* "mapping", "pipe", ...: for messages */
	size_t size;		/* of the struct */
	const struct field *fields;
	size_t n;
};

#define FIELD(strct, member, fieldtype, ...)				\
	{ .key = #member, .type = fieldtype,				\
	  .offset = offsetof(strct, member),				\
	  .size = sizeof(((strct *)0)->member), __VA_ARGS__ }

#define SCHEMA(schemaname, strct, table)				\
	{ .name = schemaname, .size = sizeof(strct), .fields = table,	\
	  .n = sizeof(table) / sizeof((table)[0]) }

#define SCHEMA_TEXT_MAX		65536	/* default of field.max, bytes */
#define SCHEMA_BLOB_MAX		(1 << 20)
#define SCHEMA_LIST_MAX		65536
#define SCHEMA_DEPTH_MAX	4	/* nesting of FIELD_STRUCTS */

/* Frees what the members own and zeroes the struct; not the struct itself. */
void schema_free(const struct schema *s, void *rec);
/* -1 with a sentence if the table is not in deterministic order. */
int schema_check(const struct schema *s, struct failure *f);

#endif
