/* SPDX-License-Identifier: MIT */
/* private.h - what reader and writer share; private to lib/stream */
#ifndef STREAM_PRIVATE_H
#define STREAM_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <xxhash.h>

#include "stream/stream.h"

#define STREAM_TAG	55799u	/* self-described CBOR, RFC 8949, 3.4.6 */

/* Pages are hashed in pieces that stay in a second-level cache. */
#define HASH_CHUNK	(256u << 10)

XXH3_state_t *hash_new(void);
/* XXH3-128 in canonical order: big endian. */
void hash_digest(const XXH3_state_t *hash, uint8_t to[static 16]);

/* Addresses are multiples of a page, the count is in its limits, and the last
 * page ends below 2^64. */
bool run_is_sound(uint64_t address, uint64_t count);

#endif
