/* SPDX-License-Identifier: MIT */
/* codec.h - a struct as a CBOR map and back; private to lib/stream */
#ifndef STREAM_CODEC_H
#define STREAM_CODEC_H

#include "stream/schema.h"

/* A growing run of bytes. */
struct bytes {
	uint8_t *data;		/* owned */
	size_t n, room;
};

void bytes_put_uint(struct bytes *b, uint64_t value);
void bytes_put_array(struct bytes *b, size_t n);
void bytes_put_tag(struct bytes *b, uint64_t tag);
void bytes_put_string_head(struct bytes *b, size_t len);
void bytes_free(struct bytes *b);

/* Appends @rec as a map; -1 if a member is beyond the limits of its field. */
int schema_encode(const struct schema *s, const void *rec, struct bytes *b,
		  struct failure *f);

/* The map in @n bytes that scan_item() accepted, into the zeroed struct; what
 * was allocated is freed on failure. */
int schema_decode(const struct schema *s, void *rec, const uint8_t *map,
		  size_t n, struct failure *f);

/* Limit of a field: bytes or items. */
size_t field_max(const struct field *d);
bool field_is_zero(const struct field *d, const void *member);
/* Members by their size. */
uint64_t field_uint(const struct field *d, const void *member);
int64_t field_int(const struct field *d, const void *member);

#endif
