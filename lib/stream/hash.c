/* SPDX-License-Identifier: MIT */
/*
 * hash.c - the two checksums of a stream, by libxxhash
 *
 * The library's plain entry points are built for the oldest x86-64; the ones of
 * its dispatch header use what the CPU has and are three times as fast.  The
 * header replaces the plain names by macros.
 */
#include "stream/hash.h"

#include <string.h>
#include <xxhash.h>
#ifdef __x86_64__
#include <xxh_x86dispatch.h>
#endif

#include "base/list.h"

static XXH3_state_t *state(struct hash *h)
{
	return (XXH3_state_t *)h;
}

static const XXH3_state_t *const_state(const struct hash *h)
{
	return (const XXH3_state_t *)h;
}

struct hash *hash_new(void)
{
	XXH3_state_t *s = XXH3_createState();

	if (!s)
		xmalloc(SIZE_MAX);	/* says so and ends */
	return (struct hash *)s;
}

void hash_free(struct hash *h)
{
	XXH3_freeState(state(h));
}

void hash64_begin(struct hash *h)
{
	XXH3_64bits_reset(state(h));
}

void hash64_add(struct hash *h, const void *data, size_t n)
{
	XXH3_64bits_update(state(h), data, n);
}

uint64_t hash64_value(const struct hash *h)
{
	return XXH3_64bits_digest(const_state(h));
}

uint64_t hash64_of(const void *data, size_t n)
{
	return XXH3_64bits(data, n);
}

void hash128_begin(struct hash *h)
{
	XXH3_128bits_reset(state(h));
}

void hash128_add(struct hash *h, const void *data, size_t n)
{
	XXH3_128bits_update(state(h), data, n);
}

void hash128_value(const struct hash *h, uint8_t to[static 16])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical,
				 XXH3_128bits_digest(const_state(h)));
	memcpy(to, canonical.digest, sizeof(canonical.digest));
}

void hash128_keyed(const void *data, size_t n, uint64_t key, uint64_t to[2])
{
	XXH128_hash_t h = XXH3_128bits_withSeed(data, n, key);

	to[0] = h.low64;
	to[1] = h.high64;
}
