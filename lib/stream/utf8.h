/* SPDX-License-Identifier: MIT */
/* utf8.h - is it text, or are they just bytes */
#ifndef STREAM_UTF8_H
#define STREAM_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the character that @p begins with, 1..4; 0 if it is none: cut off,
 * overlong, a surrogate or beyond U+10FFFF (RFC 3629).  @n is at least 1. */
size_t utf8_char(const uint8_t *p, size_t n);
/* 1 if all of @n bytes are characters. */
int utf8_valid(const uint8_t *p, size_t n);

#endif
