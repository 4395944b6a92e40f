/* SPDX-License-Identifier: MIT */
/*
 * print.c - a record for programs and for people
 *
 * JSON has every field, so that a reader need not know what a missing one is.
 * Hexadecimal fields are strings there: a mask of 64 bits is more than most
 * readers of JSON keep of a number.  Bytes of a path that are no UTF-8 become
 * the lone surrogates U+DC80..U+DCFF, as Python reads and writes them.
 *
 * Text has only what is not zero, and no byte that could move a cursor.
 */
#include <inttypes.h>
#include <string.h>

#include "stream/codec.h"
#include "stream/stream.h"
#include "stream/utf8.h"

#define TEXT_BYTES	16	/* of a blob, then their number */
#define TEXT_ITEMS	8	/* of a list, then their number */

static void print_hex(FILE *to, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(to, "%02x", p[i]);
}

/* ---- JSON ---- */

static void json_char(FILE *to, const uint8_t *p, size_t len)
{
	if (len == 0)
		fprintf(to, "\\udc%02x", *p);
	else if (*p == '"' || *p == '\\')
		fprintf(to, "\\%c", *p);
	else if (*p < 0x20 || *p == 0x7f)
		fprintf(to, "\\u%04x", *p);
	else
		fwrite(p, 1, len, to);
}

void text_print_json(FILE *to, const char *text)
{
	const uint8_t *p = (const uint8_t *)(text ? text : "");
	size_t n = strlen((const char *)p);

	fputc('"', to);
	while (n) {
		size_t len = utf8_char(p, n), step = len ? len : 1;

		json_char(to, p, len);
		p += step;
		n -= step;
	}
	fputc('"', to);
}

static void json_number(FILE *to, const struct field *d, uint64_t v)
{
	fprintf(to, d->hex ? "\"0x%" PRIx64 "\"" : "%" PRIu64, v);
}

static void json_bytes(FILE *to, const uint8_t *p, size_t n)
{
	fputc('"', to);
	print_hex(to, p, n);
	fputc('"', to);
}

static void json_list(FILE *to, const struct field *d, const struct list *l)
{
	fputc('[', to);
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			fputc(',', to);
		if (d->type == FIELD_WORDS)
			json_number(to, d, *list_at(l, uint64_t, i));
		else
			schema_print_json(to, d->sub, (char *)l->items +
					  i * d->sub->size);
	}
	fputc(']', to);
}

static void json_member(FILE *to, const struct field *d, const void *member)
{
	const struct blob *blob = member;

	switch (d->type) {
	case FIELD_BOOL:
		fputs(*(const bool *)member ? "true" : "false", to);
		break;
	case FIELD_UINT:
		json_number(to, d, field_uint(d, member));
		break;
	case FIELD_INT:
		fprintf(to, "%" PRId64, field_int(d, member));
		break;
	case FIELD_TEXT:
		text_print_json(to, *(char *const *)member);
		break;
	case FIELD_BLOB:
		json_bytes(to, blob->data, blob->len);
		break;
	case FIELD_FIXED:
		json_bytes(to, member, d->size);
		break;
	case FIELD_WORDS:
	case FIELD_STRUCTS:
		json_list(to, d, member);
		break;
	}
}

void schema_print_json(FILE *to, const struct schema *s, const void *rec)
{
	fputc('{', to);
	for (size_t i = 0; i < s->n; i++) {
		const struct field *d = &s->fields[i];

		fprintf(to, "%s\"%s\":", i ? "," : "", d->key);
		json_member(to, d, (const char *)rec + d->offset);
	}
	fputc('}', to);
}

/* ---- text ---- */

/* Characters that would blur where the value ends. */
static bool needs_quotes(const char *text)
{
	return strpbrk(text, " ,()\"\\") != NULL;
}

/* C1 controls are two bytes of UTF-8 and move a cursor, too. */
static bool is_control(const uint8_t *p, size_t len)
{
	return len == 0 || *p < 0x20 || *p == 0x7f ||
	       (len == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

void text_print(FILE *to, const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n = strlen(text);
	bool quotes = needs_quotes(text);

	if (quotes)
		fputc('"', to);
	while (n) {
		size_t len = utf8_char(p, n), step = len ? len : 1;

		if (is_control(p, len))
			for (size_t i = 0; i < step; i++)
				fprintf(to, "\\x%02x", p[i]);
		else if (*p == '"' || *p == '\\')
			fprintf(to, "\\%c", *p);
		else
			fwrite(p, 1, step, to);
		p += step;
		n -= step;
	}
	if (quotes)
		fputc('"', to);
}

static void text_number(FILE *to, const struct field *d, uint64_t v)
{
	fprintf(to, d->hex ? "0x%" PRIx64 : "%" PRIu64, v);
}

static void text_bytes(FILE *to, const uint8_t *p, size_t n)
{
	if (n > TEXT_BYTES)
		fprintf(to, "(%zu bytes)", n);
	else
		print_hex(to, p, n);
}

static void text_list(FILE *to, const struct field *d, const struct list *l)
{
	fputc('(', to);
	for (size_t i = 0; i < l->n && i < TEXT_ITEMS; i++) {
		if (d->type == FIELD_WORDS) {
			fputs(i ? " " : "", to);
			text_number(to, d, *list_at(l, uint64_t, i));
		} else {
			fputs(i ? "; " : "", to);
			schema_print_text(to, d->sub, (char *)l->items +
					  i * d->sub->size);
		}
	}
	if (l->n > TEXT_ITEMS)
		fprintf(to, " and %zu more", l->n - TEXT_ITEMS);
	fputc(')', to);
}

static void text_member(FILE *to, const struct field *d, const void *member)
{
	const struct blob *blob = member;

	switch (d->type) {
	case FIELD_BOOL:
		fputs("yes", to);
		break;
	case FIELD_UINT:
		text_number(to, d, field_uint(d, member));
		break;
	case FIELD_INT:
		fprintf(to, "%" PRId64, field_int(d, member));
		break;
	case FIELD_TEXT:
		text_print(to, *(char *const *)member);
		break;
	case FIELD_BLOB:
		text_bytes(to, blob->data, blob->len);
		break;
	case FIELD_FIXED:
		text_bytes(to, member, d->size);
		break;
	case FIELD_WORDS:
	case FIELD_STRUCTS:
		text_list(to, d, member);
		break;
	}
}

void schema_print_text(FILE *to, const struct schema *s, const void *rec)
{
	bool first = true;

	for (size_t i = 0; i < s->n; i++) {
		const struct field *d = &s->fields[i];
		const void *member = (const char *)rec + d->offset;

		if (field_is_zero(d, member))
			continue;
		fprintf(to, "%s%s ", first ? "" : ", ", d->key);
		text_member(to, d, member);
		first = false;
	}
}
