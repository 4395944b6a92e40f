/* SPDX-License-Identifier: MIT */
/*
 * decode.c - a CBOR map into its struct
 *
 * The bytes have been through scan_item(): they are well-formed, keys are text,
 * in order and there once, and nothing reaches beyond the end.  What is left to
 * check is what the table asks for.  Lists grow by what really is there.
 */
#include <stdlib.h>
#include <string.h>

#include "stream/codec.h"
#include "stream/token.h"
#include "stream/utf8.h"

/* What is being decoded, for messages. */
struct place {
	const struct schema *s;
	const struct field *d;
	struct failure *f;
};

static int wrong(const struct place *at, const char *what)
{
	return fail(at->f, STATUS_STREAM, "%s of %s %s", at->d->key,
		    at->s->name, what);
}

static int expect(const struct place *at, const struct token *t,
		  enum token_kind kind)
{
	static const char *const wanted[] = {
		[TOKEN_UINT] = "is not a number from 0",
		[TOKEN_BYTES] = "is not a byte string",
		[TOKEN_ARRAY] = "is not an array",
		[TOKEN_MAP] = "is not a map",
		[TOKEN_BOOL] = "is neither true nor false",
	};

	return t->kind == kind ? 0 : wrong(at, wanted[kind]);
}

static int within(const struct place *at, const struct token *t)
{
	if (t->value <= field_max(at->d))
		return 0;
	return fail(at->f, STATUS_STREAM, "%s of %s is longer than %zu",
		    at->d->key, at->s->name, field_max(at->d));
}

static int get_uint(const struct place *at, const struct token *t,
		    void *member)
{
	if (expect(at, t, TOKEN_UINT) < 0)
		return -1;
	if (at->d->size < 8 && t->value >> 8 * at->d->size)
		return wrong(at, "is out of range");
	switch (at->d->size) {
	case 1:
		*(uint8_t *)member = t->value;
		break;
	case 2:
		*(uint16_t *)member = t->value;
		break;
	case 4:
		*(uint32_t *)member = t->value;
		break;
	default:
		*(uint64_t *)member = t->value;
	}
	return 0;
}

static int get_int(const struct place *at, const struct token *t, void *member)
{
	/* -1 - value has the same range as value: all bits but the sign. */
	uint64_t max = INT64_MAX >> (64 - 8 * at->d->size);
	int64_t v = t->kind == TOKEN_NEGINT ? -1 - (int64_t)(t->value & max)
					    : (int64_t)(t->value & max);

	if (t->kind != TOKEN_UINT && t->kind != TOKEN_NEGINT)
		return wrong(at, "is not a number");
	if (t->value > max)
		return wrong(at, "is out of range");
	switch (at->d->size) {
	case 1:
		*(int8_t *)member = v;
		break;
	case 2:
		*(int16_t *)member = v;
		break;
	case 4:
		*(int32_t *)member = v;
		break;
	default:
		*(int64_t *)member = v;
	}
	return 0;
}

static int get_text(const struct place *at, const struct token *t,
		    char **member)
{
	if (t->kind != TOKEN_TEXT && t->kind != TOKEN_BYTES)
		return wrong(at, "is not text");
	if (within(at, t) < 0)
		return -1;
	if (memchr(t->data, 0, t->value))
		return wrong(at, "has a NUL in it");
	if (t->kind == TOKEN_BYTES && utf8_valid(t->data, t->value))
		return wrong(at, "is not in deterministic encoding: UTF-8 as "
			     "a byte string");
	if (t->value == 0)
		return 0;
	*member = xmalloc(t->value + 1);
	memcpy(*member, t->data, t->value);
	(*member)[t->value] = '\0';
	return 0;
}

static int get_blob(const struct place *at, const struct token *t,
		    struct blob *member)
{
	if (expect(at, t, TOKEN_BYTES) < 0 || within(at, t) < 0)
		return -1;
	if (t->value == 0)
		return 0;
	member->data = xmalloc(t->value);
	member->len = t->value;
	memcpy(member->data, t->data, t->value);
	return 0;
}

static int get_fixed(const struct place *at, const struct token *t,
		     void *member)
{
	if (expect(at, t, TOKEN_BYTES) < 0)
		return -1;
	if (t->value != at->d->size)
		return fail(at->f, STATUS_STREAM,
			    "%s of %s has %zu bytes and not %u", at->d->key,
			    at->s->name, (size_t)t->value, at->d->size);
	memcpy(member, t->data, at->d->size);
	return 0;
}

static int get_words(const struct place *at, struct cursor *c,
		     const struct token *t, struct list *member)
{
	if (expect(at, t, TOKEN_ARRAY) < 0 || within(at, t) < 0)
		return -1;
	for (uint64_t i = 0; i < t->value; i++) {
		struct token item = token_next(c);

		if (expect(at, &item, TOKEN_UINT) < 0)
			return -1;
		*(uint64_t *)list_add(member, sizeof(uint64_t)) = item.value;
	}
	return 0;
}

static int get_map(const struct schema *s, void *rec, struct cursor *c,
		   uint64_t entries, struct failure *f);

static int get_structs(const struct place *at, struct cursor *c,
		       const struct token *t, struct list *member)
{
	const struct schema *sub = at->d->sub;

	if (expect(at, t, TOKEN_ARRAY) < 0 || within(at, t) < 0)
		return -1;
	for (uint64_t i = 0; i < t->value; i++) {
		struct token item = token_next(c);

		if (expect(at, &item, TOKEN_MAP) < 0 ||
		    get_map(sub, list_add(member, sub->size), c, item.value,
			    at->f) < 0)
			return -1;
	}
	return 0;
}

static int get_member(const struct place *at, struct cursor *c, void *member)
{
	struct token t = token_next(c);

	switch (at->d->type) {
	case FIELD_BOOL:
		*(bool *)member = t.value;
		return expect(at, &t, TOKEN_BOOL);
	case FIELD_UINT:
		return get_uint(at, &t, member);
	case FIELD_INT:
		return get_int(at, &t, member);
	case FIELD_TEXT:
		return get_text(at, &t, member);
	case FIELD_BLOB:
		return get_blob(at, &t, member);
	case FIELD_FIXED:
		return get_fixed(at, &t, member);
	case FIELD_WORDS:
		return get_words(at, c, &t, member);
	case FIELD_STRUCTS:
		return get_structs(at, c, &t, member);
	}
	return -1;
}

static const struct field *find(const struct schema *s, const struct token *key)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *k = s->fields[i].key;

		if (strlen(k) == key->value && !memcmp(k, key->data, key->value))
			return &s->fields[i];
	}
	return NULL;
}

static int get_map(const struct schema *s, void *rec, struct cursor *c,
		   uint64_t entries, struct failure *f)
{
	while (entries--) {
		struct token key = token_next(c);
		struct place at = { .s = s, .d = find(s, &key), .f = f };

		if (!at.d)
			token_skip(c);
		else if (get_member(&at, c, (char *)rec + at.d->offset) < 0)
			return -1;
	}
	return 0;
}

int schema_decode(const struct schema *s, void *rec, const uint8_t *map,
		  size_t n, struct failure *f)
{
	struct cursor c = { .p = map, .end = map + n };
	struct token t = token_next(&c);

	if (t.kind != TOKEN_MAP)
		return fail(f, STATUS_STREAM, "%s is not a map", s->name);
	if (get_map(s, rec, &c, t.value, f) < 0) {
		schema_free(s, rec);
		return -1;
	}
	return 0;
}
