/* SPDX-License-Identifier: MIT */
/*
 * schema.c - what can be said of a table and of a struct without the wire
 *
 * Freeing, and whether a table is one that the encoder can rely on.
 */
#include "stream/schema.h"

#include <stdlib.h>
#include <string.h>

#include "stream/codec.h"

size_t field_max(const struct field *d)
{
	if (d->max)
		return d->max;
	switch (d->type) {
	case FIELD_TEXT:
		return SCHEMA_TEXT_MAX;
	case FIELD_BLOB:
		return SCHEMA_BLOB_MAX;
	default:
		return SCHEMA_LIST_MAX;
	}
}

uint64_t field_uint(const struct field *d, const void *member)
{
	switch (d->size) {
	case 1:
		return *(const uint8_t *)member;
	case 2:
		return *(const uint16_t *)member;
	case 4:
		return *(const uint32_t *)member;
	default:
		return *(const uint64_t *)member;
	}
}

int64_t field_int(const struct field *d, const void *member)
{
	switch (d->size) {
	case 1:
		return *(const int8_t *)member;
	case 2:
		return *(const int16_t *)member;
	case 4:
		return *(const int32_t *)member;
	default:
		return *(const int64_t *)member;
	}
}

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

bool field_is_zero(const struct field *d, const void *member)
{
	const char *text;

	switch (d->type) {
	case FIELD_TEXT:
		text = *(char *const *)member;
		return !text || !*text;
	case FIELD_BLOB:
		return ((const struct blob *)member)->len == 0;
	case FIELD_WORDS:
	case FIELD_STRUCTS:
		return ((const struct list *)member)->n == 0;
	default:
		return all_zero(member, d->size);
	}
}

static void free_structs(const struct schema *sub, struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		schema_free(sub, (char *)l->items + i * sub->size);
}

void schema_free(const struct schema *s, void *rec)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct field *d = &s->fields[i];
		void *member = (char *)rec + d->offset;

		switch (d->type) {
		case FIELD_TEXT:
			free(*(char **)member);
			break;
		case FIELD_BLOB:
			free(((struct blob *)member)->data);
			break;
		case FIELD_STRUCTS:
			free_structs(d->sub, member);
			/* fall through */
		case FIELD_WORDS:
			list_free(member);
			break;
		default:
			break;
		}
	}
	memset(rec, 0, s->size);
}

/* ---- checking a table ---- */

static bool size_fits(const struct field *d)
{
	switch (d->type) {
	case FIELD_BOOL:
		return d->size == sizeof(bool);
	case FIELD_UINT:
	case FIELD_INT:
		return d->size == 1 || d->size == 2 || d->size == 4 ||
		       d->size == 8;
	case FIELD_TEXT:
		return d->size == sizeof(char *);
	case FIELD_BLOB:
		return d->size == sizeof(struct blob);
	case FIELD_FIXED:
		return d->size > 0;
	case FIELD_WORDS:
	case FIELD_STRUCTS:
		return d->size == sizeof(struct list);
	}
	return false;
}

/* As the encoded keys compare: the shorter one first, then by bytes. */
static bool in_order(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	return na != nb ? na < nb : strcmp(a, b) < 0;
}

static int check_level(const struct schema *s, int depth, struct failure *f)
{
	if (depth > SCHEMA_DEPTH_MAX)
		return fail(f, STATUS_SYSTEM, "%s: nested too deeply", s->name);
	for (size_t i = 0; i < s->n; i++) {
		const struct field *d = &s->fields[i];

		if (i && !in_order(d[-1].key, d->key))
			return fail(f, STATUS_SYSTEM,
				    "%s: %s must stand before %s",
				    s->name, d->key, d[-1].key);
		if (!size_fits(d) || d->offset + d->size > s->size)
			return fail(f, STATUS_SYSTEM,
				    "%s: %s has a size that its type cannot",
				    s->name, d->key);
		if ((d->type == FIELD_STRUCTS) != (d->sub != NULL))
			return fail(f, STATUS_SYSTEM,
				    "%s: %s needs a sub if it has structs, and then only",
				    s->name, d->key);
		if (d->sub && check_level(d->sub, depth + 1, f) < 0)
			return -1;
	}
	return 0;
}

int schema_check(const struct schema *s, struct failure *f)
{
	return check_level(s, 0, f);
}
