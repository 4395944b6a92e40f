/* SPDX-License-Identifier: MIT */
/*
 * fill.h - a struct with something in every field that its table has
 *
 * schema_free() frees what is in it.  "Extreme" has the largest numbers where
 * any number is right, and bytes that are no UTF-8.
 */
#ifndef TESTS_FILL_H
#define TESTS_FILL_H

#include <string.h>

#include "image/records.h"
#include "stream/schema.h"

/* A number of less than 64 bits may be one of a few: 1 is always one. */
static inline void fill_number(const struct field *d, uint8_t *member, bool extreme)
{
	memset(member, extreme && d->size == 8 ? 0xff : 0, d->size);
	if (!extreme || d->size < 8)
		*member = 1;
}

static inline void fill(const struct schema *s, void *rec, bool extreme);

static inline void fill_structs(const struct field *d, struct list *l, bool extreme)
{
	for (int i = 0; i < 2; i++)
		fill(d->sub, list_add(l, d->sub->size), extreme);
}

static inline void fill_field(const struct field *d, void *member, bool extreme)
{
	struct blob *blob = member;

	switch (d->type) {
	case FIELD_BOOL:
		*(bool *)member = true;
		break;
	case FIELD_UINT:
		fill_number(d, member, extreme);
		break;
	case FIELD_INT:
		memset(member, 0xff, d->size);
		break;
	case FIELD_TEXT:
		*(char **)member = xstrdup(extreme ? "caf\xe9" : "caf\xc3\xa9");
		break;
	case FIELD_BLOB:
		blob->len = d->max && d->max < 100 ? d->max : 100;
		blob->data = xcalloc(1, blob->len);
		break;
	case FIELD_FIXED:
		memset(member, 0xff, d->size);
		break;
	case FIELD_WORDS:
		*(uint64_t *)list_add(member, 8) = extreme ? UINT64_MAX : 0;
		break;
	case FIELD_STRUCTS:
		fill_structs(d, member, extreme);
		break;
	}
}

static inline void fill(const struct schema *s, void *rec, bool extreme)
{
	for (size_t i = 0; i < s->n; i++)
		fill_field(&s->fields[i], (char *)rec + s->fields[i].offset,
			   extreme);
}

/* Ids that the format gives a range of their own. */
static inline uint64_t fill_id(uint32_t type)
{
	if (type == RECORD_OBJECT || type == RECORD_CARRIED ||
	    type == RECORD_SHM)
		return OBJECT_FIRST;
	return type == RECORD_VDSO || type == RECORD_NAMESPACE ? 1 : 77;
}

#endif
