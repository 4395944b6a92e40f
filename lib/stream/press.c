/* SPDX-License-Identifier: MIT */
/*
 * press.c - bytes made shorter by lz4 or zstd, and long again
 *
 * The output has less room than the input is long: what does not fit in there
 * is not worth it, and both libraries give up early.  What they need to work
 * with is kept from piece to piece, and made when it is first wanted.
 */
#include "stream/press.h"

#include <lz4.h>
#include <stdint.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/list.h"

#define LEVEL	3		/* of zstd; from 4 on it takes twice as long */
#define WORTH(n) ((n) - (n) / 16)

struct press {
	void *lz4;		/* owned, like all here; NULL until needed */
	ZSTD_CCtx *packs;
	ZSTD_DCtx *unpacks;
	uint8_t *out;
	size_t room;
};

struct press *press_new(void)
{
	return xcalloc(1, sizeof(struct press));
}

void press_free(struct press *p)
{
	if (!p)
		return;
	free(p->lz4);
	ZSTD_freeCCtx(p->packs);
	ZSTD_freeDCtx(p->unpacks);
	free(p->out);
	free(p);
}

static size_t pack_lz4(struct press *p, const void *data, size_t n, size_t room)
{
	int len;

	if (!p->lz4)
		p->lz4 = xmalloc(LZ4_sizeofState());
	len = LZ4_compress_fast_extState(p->lz4, data, (char *)p->out, n, room,
					 1);
	return len > 0 ? len : 0;
}

static size_t pack_zstd(struct press *p, const void *data, size_t n, size_t room)
{
	size_t len;

	if (!p->packs)
		p->packs = ZSTD_createCCtx();
	if (!p->packs)
		return 0;	/* no memory: as they are, then */
	len = ZSTD_compressCCtx(p->packs, p->out, room, data, n, LEVEL);
	return ZSTD_isError(len) ? 0 : len;
}

const void *press_pack(struct press *p, enum stream_coding coding,
		       const void *data, size_t n, size_t *len)
{
	size_t room = WORTH(n);

	if (p->room < room) {
		free(p->out);
		p->out = xmalloc(room);
		p->room = room;
	}
	*len = coding == CODING_LZ4 ? pack_lz4(p, data, n, room) :
		pack_zstd(p, data, n, room);
	return *len ? p->out : NULL;
}

/*
 * A frame could claim any length and any window, or be followed by others: it
 * is one, of this very length, and what it refers to is what it has written.
 */
static int unpack_zstd(struct press *p, const void *data, size_t len, void *to,
		       size_t n)
{
	if (ZSTD_getFrameContentSize(data, len) != n ||
	    ZSTD_findFrameCompressedSize(data, len) != len)
		return -1;
	if (!p->unpacks)
		p->unpacks = ZSTD_createDCtx();
	if (!p->unpacks)
		xmalloc(SIZE_MAX);	/* says so and ends */
	return ZSTD_decompressDCtx(p->unpacks, to, n, data, len) == n ? 0 : -1;
}

int press_unpack(struct press *p, enum stream_coding coding, const void *data,
		 size_t len, void *to, size_t n)
{
	if (coding == CODING_ZSTD)
		return unpack_zstd(p, data, len, to, n);
	return LZ4_decompress_safe(data, to, len, n) == (int)n ? 0 : -1;
}
