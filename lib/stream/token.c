/* SPDX-License-Identifier: MIT */
/* token.c - CBOR as tokens, and where an item ends; libcbor reads the heads */
#include "stream/token.h"

#include <cbor.h>
#include <string.h>

#include "stream/utf8.h"

/* ---- one token: libcbor calls back, once ---- */

static void set(void *t, enum token_kind kind, uint64_t value)
{
	*(struct token *)t = (struct token){ .kind = kind, .value = value };
}

static void on_uint8(void *t, uint8_t v) { set(t, TOKEN_UINT, v); }
static void on_uint16(void *t, uint16_t v) { set(t, TOKEN_UINT, v); }
static void on_uint32(void *t, uint32_t v) { set(t, TOKEN_UINT, v); }
static void on_uint64(void *t, uint64_t v) { set(t, TOKEN_UINT, v); }
static void on_negint8(void *t, uint8_t v) { set(t, TOKEN_NEGINT, v); }
static void on_negint16(void *t, uint16_t v) { set(t, TOKEN_NEGINT, v); }
static void on_negint32(void *t, uint32_t v) { set(t, TOKEN_NEGINT, v); }
static void on_negint64(void *t, uint64_t v) { set(t, TOKEN_NEGINT, v); }
static void on_array(void *t, size_t n) { set(t, TOKEN_ARRAY, n); }
static void on_map(void *t, size_t n) { set(t, TOKEN_MAP, n); }
static void on_bool(void *t, bool v) { set(t, TOKEN_BOOL, v); }
static void on_other(void *t) { set(t, TOKEN_OTHER, 0); }
static void on_tag(void *t, uint64_t v) { set(t, TOKEN_OTHER, v); }
static void on_float(void *t, float v) { (void)v; on_other(t); }
static void on_double(void *t, double v) { (void)v; on_other(t); }

static void on_bytes(void *t, cbor_data data, size_t n)
{
	set(t, TOKEN_BYTES, n);
	((struct token *)t)->data = data;
}

static void on_text(void *t, cbor_data data, size_t n)
{
	set(t, TOKEN_TEXT, n);
	((struct token *)t)->data = data;
}

static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string_start = on_other,
	.byte_string = on_bytes,
	.string = on_text,
	.string_start = on_other,
	.indef_array_start = on_other,
	.array_start = on_array,
	.indef_map_start = on_other,
	.map_start = on_map,
	.tag = on_tag,
	.float2 = on_float,
	.float4 = on_float,
	.float8 = on_double,
	.undefined = on_other,
	.null = on_other,
	.boolean = on_bool,
	.indef_break = on_other,
};

/* Of a string without its data. */
static size_t head_size(const struct token *t)
{
	return t->size - (t->data ? t->value : 0);
}

static size_t shortest_head(uint64_t value)
{
	if (value < 24)
		return 1;
	if (value <= UINT8_MAX)
		return 2;
	if (value <= UINT16_MAX)
		return 3;
	return value <= UINT32_MAX ? 5 : 9;
}

static const char *token_wrong(const struct token *t)
{
	if (t->kind == TOKEN_OTHER)
		return "not in deterministic encoding: a tag, a float, a null "
		       "or an indefinite length";
	if (t->kind != TOKEN_BOOL && head_size(t) != shortest_head(t->value))
		return "not in deterministic encoding: a number longer than "
		       "it need be";
	if (t->kind == TOKEN_TEXT && !utf8_valid(t->data, t->value))
		return "a text string is not UTF-8";
	return NULL;
}

/* Like scan_item(). */
static int token_read(const uint8_t *p, size_t n, struct token *t,
		      size_t *need, const char **why)
{
	struct cbor_decoder_result r =
		cbor_stream_decode(p, n, &callbacks, t);

	switch (r.status) {
	case CBOR_DECODER_FINISHED:
		t->size = r.read;
		*why = token_wrong(t);
		return *why ? -1 : 1;
	case CBOR_DECODER_NEDATA:
		/* A length near 2^64 wraps around: then it is too long. */
		*need = r.required > n ? r.required : SIZE_MAX;
		return 0;
	default:
		*why = "not CBOR";
		return -1;
	}
}

/* ---- one item ---- */

/* Before a token is taken into the level it belongs to. */
static const char *key_wrong(const struct scan *s, const uint8_t *p,
			     const struct scan_level *l, const struct token *t)
{
	size_t shorter = t->size < l->key_len ? t->size : l->key_len;
	int order;

	if (t->kind != TOKEN_TEXT)
		return "a key is not text";
	if (!l->key_len)
		return NULL;
	order = memcmp(p + s->pos, p + l->key, shorter);
	if (order == 0 && t->size == l->key_len)
		return "not in deterministic encoding: a map has a key twice";
	if (order < 0 || (order == 0 && t->size < l->key_len))
		return "not in deterministic encoding: keys are not in order";
	return NULL;
}

static const char *count(struct scan *s, const uint8_t *p,
			 const struct token *t)
{
	struct scan_level *l;

	if (!s->depth)
		return NULL;
	l = &s->levels[s->depth - 1];
	if (l->map && l->left % 2 == 0) {
		const char *why = key_wrong(s, p, l, t);

		if (why)
			return why;
		l->key = s->pos;
		l->key_len = t->size;
	}
	l->left--;
	return NULL;
}

static const char *open_level(struct scan *s, const struct token *t,
			      size_t max)
{
	bool map = t->kind == TOKEN_MAP;

	if (s->depth == SCAN_DEPTH)
		return "nested too deeply";
	/* Each has a byte at least: whatever is longer cannot fit. */
	if (t->value > max)
		return "too long";
	s->levels[s->depth++] = (struct scan_level){
		.left = map ? 2 * t->value : t->value, .map = map,
	};
	return NULL;
}

int scan_item(struct scan *s, const uint8_t *p, size_t n, size_t max,
	      size_t *need, const char **why)
{
	do {
		struct token t;
		int r = token_read(p + s->pos, n - s->pos, &t, need, why);

		if (r == 0 && *need > max - s->pos) {
			*why = "too long";
			return -1;
		}
		if (r == 0)
			*need += s->pos;
		if (r <= 0)
			return r;
		*why = count(s, p, &t);
		if (!*why && (t.kind == TOKEN_ARRAY || t.kind == TOKEN_MAP))
			*why = open_level(s, &t, max);
		if (*why)
			return -1;
		s->pos += t.size;
		while (s->depth && !s->levels[s->depth - 1].left)
			s->depth--;
	} while (s->depth);
	return 1;
}

/* ---- again ---- */

struct token token_next(struct cursor *c)
{
	struct token t = { .kind = TOKEN_OTHER };
	struct cbor_decoder_result r =
		cbor_stream_decode(c->p, c->end - c->p, &callbacks, &t);

	t.size = r.read;
	c->p += r.read;
	return t;
}

void token_skip(struct cursor *c)
{
	uint64_t left = 1;

	while (left-- && c->p < c->end) {
		struct token t = token_next(c);

		if (t.kind == TOKEN_ARRAY)
			left += t.value;
		else if (t.kind == TOKEN_MAP)
			left += 2 * t.value;
	}
}
