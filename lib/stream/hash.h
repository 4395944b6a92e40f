/* SPDX-License-Identifier: MIT */
/*
 * hash.h - the checksums of a stream; private to lib/stream
 *
 * A run of pages has XXH3-64 of its bytes, the end record has XXH3-128 of all
 * that came before.  Neither keeps anybody from altering a stream on purpose.
 */
#ifndef STREAM_HASH_H
#define STREAM_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Pages are hashed in pieces that stay in a second-level cache. */
#define HASH_CHUNK	(256u << 10)

struct hash;

struct hash *hash_new(void);
void hash_free(struct hash *h);

void hash64_begin(struct hash *h);
void hash64_add(struct hash *h, const void *data, size_t n);
uint64_t hash64_value(const struct hash *h);
uint64_t hash64_of(const void *data, size_t n);

void hash128_begin(struct hash *h);
void hash128_add(struct hash *h, const void *data, size_t n);
/* Canonical order, big endian, of what was added so far. */
void hash128_value(const struct hash *h, uint8_t to[static 16]);
/* By a key of the caller's, for what stays with him. */
void hash128_keyed(const void *data, size_t n, uint64_t key, uint64_t to[2]);

#endif
