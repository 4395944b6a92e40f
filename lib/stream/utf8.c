/* SPDX-License-Identifier: MIT */
/* utf8.c - is it text, or are they just bytes */
#include "stream/utf8.h"

/* The first byte says how many follow; only the second one's range varies. */
static size_t length_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

static int second_fits(uint8_t first, uint8_t second)
{
	uint8_t low = 0x80, high = 0xbf;

	if (first == 0xe0)
		low = 0xa0;	/* below: overlong */
	else if (first == 0xed)
		high = 0x9f;	/* above: surrogates */
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;	/* above: beyond U+10FFFF */
	return second >= low && second <= high;
}

size_t utf8_char(const uint8_t *p, size_t n)
{
	size_t len = length_of(p[0]);

	if (len > n)
		return 0;
	if (len > 1 && !second_fits(p[0], p[1]))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

int utf8_valid(const uint8_t *p, size_t n)
{
	while (n) {
		size_t len = utf8_char(p, n);

		if (len == 0)
			return 0;
		p += len;
		n -= len;
	}
	return 1;
}
