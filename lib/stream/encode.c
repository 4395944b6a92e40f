/* SPDX-License-Identifier: MIT */
/*
 * encode.c - a struct as a CBOR map
 *
 * libcbor's encoders write the shortest head, the tables are in order, and
 * zeros are left out: so the same struct is always the same bytes.
 */
#include <cbor.h>
#include <stdlib.h>
#include <string.h>

#include "stream/codec.h"
#include "stream/utf8.h"

#define HEAD_MAX	9	/* bytes of a CBOR head */

static uint8_t *room_for(struct bytes *b, size_t n)
{
	if (b->room - b->n < n) {
		size_t room = b->room ? 2 * b->room : 4096;

		b->room = room - b->n < n ? b->n + n : room;
		b->data = xrealloc(b->data, b->room);
	}
	return b->data + b->n;
}

void bytes_put_uint(struct bytes *b, uint64_t value)
{
	b->n += cbor_encode_uint(value, room_for(b, HEAD_MAX), HEAD_MAX);
}

void bytes_put_array(struct bytes *b, size_t n)
{
	b->n += cbor_encode_array_start(n, room_for(b, HEAD_MAX), HEAD_MAX);
}

void bytes_put_tag(struct bytes *b, uint64_t tag)
{
	b->n += cbor_encode_tag(tag, room_for(b, HEAD_MAX), HEAD_MAX);
}

void bytes_put_string_head(struct bytes *b, size_t len)
{
	b->n += cbor_encode_bytestring_start(len, room_for(b, HEAD_MAX),
					     HEAD_MAX);
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

static void put_data(struct bytes *b, const void *data, size_t n)
{
	memcpy(room_for(b, n), data, n);
	b->n += n;
}

static void put_text(struct bytes *b, const char *text)
{
	size_t n = strlen(text);

	b->n += cbor_encode_string_start(n, room_for(b, HEAD_MAX), HEAD_MAX);
	put_data(b, text, n);
}

static void put_string(struct bytes *b, const void *data, size_t n)
{
	bytes_put_string_head(b, n);
	put_data(b, data, n);
}

static void put_int(struct bytes *b, int64_t value)
{
	if (value >= 0)
		bytes_put_uint(b, value);
	else
		b->n += cbor_encode_negint(-(value + 1), room_for(b, HEAD_MAX),
					   HEAD_MAX);
}

static int too_long(const struct schema *s, const struct field *d, size_t n,
		    struct failure *f)
{
	if (n <= field_max(d))
		return 0;
	return fail(f, STATUS_OBSTACLE,
		    "a stream cannot hold %s of a %s: %zu is more than %zu",
		    d->key, s->name, n, field_max(d));
}

static int put_structs(struct bytes *b, const struct schema *sub,
		       const struct list *l, struct failure *f)
{
	bytes_put_array(b, l->n);
	for (size_t i = 0; i < l->n; i++)
		if (schema_encode(sub, (char *)l->items + i * sub->size, b,
				  f) < 0)
			return -1;
	return 0;
}

static int put_member(struct bytes *b, const struct schema *s,
		      const struct field *d, const void *member,
		      struct failure *f)
{
	const struct blob *blob = member;
	const struct list *list = member;
	const char *text;

	switch (d->type) {
	case FIELD_BOOL:
		b->n += cbor_encode_bool(true, room_for(b, HEAD_MAX),
					 HEAD_MAX);
		return 0;
	case FIELD_UINT:
		bytes_put_uint(b, field_uint(d, member));
		return 0;
	case FIELD_INT:
		put_int(b, field_int(d, member));
		return 0;
	case FIELD_TEXT:
		text = *(char *const *)member;
		if (utf8_valid((const uint8_t *)text, strlen(text)))
			put_text(b, text);
		else
			put_string(b, text, strlen(text));
		return too_long(s, d, strlen(text), f);
	case FIELD_BLOB:
		put_string(b, blob->data, blob->len);
		return too_long(s, d, blob->len, f);
	case FIELD_FIXED:
		put_string(b, member, d->size);
		return 0;
	case FIELD_WORDS:
		bytes_put_array(b, list->n);
		list_each(list, const uint64_t, word)
			bytes_put_uint(b, *word);
		return too_long(s, d, list->n, f);
	case FIELD_STRUCTS:
		if (too_long(s, d, list->n, f) < 0)
			return -1;
		return put_structs(b, d->sub, list, f);
	}
	return -1;
}

int schema_encode(const struct schema *s, const void *rec, struct bytes *b,
		  struct failure *f)
{
	size_t present = 0;

	for (size_t i = 0; i < s->n; i++)
		present += !field_is_zero(&s->fields[i], (const char *)rec +
					  s->fields[i].offset);
	b->n += cbor_encode_map_start(present, room_for(b, HEAD_MAX),
				      HEAD_MAX);
	for (size_t i = 0; i < s->n; i++) {
		const struct field *d = &s->fields[i];
		const void *member = (const char *)rec + d->offset;

		if (field_is_zero(d, member))
			continue;
		put_text(b, d->key);
		if (put_member(b, s, d, member, f) < 0)
			return -1;
	}
	return 0;
}
