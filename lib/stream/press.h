/* SPDX-License-Identifier: MIT */
/*
 * press.h - bytes made shorter, and long again; private to lib/stream
 *
 * Each piece stands for itself: an lz4 block, or one zstd frame that says how
 * long its content is.  The other end knows the length too, and takes nothing
 * else, so that no stream can make it write more than it has room for.
 */
#ifndef STREAM_PRESS_H
#define STREAM_PRESS_H

#include <stddef.h>

#include "stream/stream.h"

struct press;

struct press *press_new(void);
void press_free(struct press *p);
/* @n bytes in @coding: *@len of them, the press's own until the next call.  NULL
 * if they do not become shorter by what makes it worth the reader's while. */
const void *press_pack(struct press *p, enum stream_coding coding,
		       const void *data, size_t n, size_t *len);
/* Exactly @n bytes into @to; -1 if @data is not just that. */
int press_unpack(struct press *p, enum stream_coding coding, const void *data,
		 size_t len, void *to, size_t n);

#endif
