/* SPDX-License-Identifier: MIT */
/* private.h - what reader and writer share; private to lib/stream */
#ifndef STREAM_PRIVATE_H
#define STREAM_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/stream.h"

#define STREAM_TAG	55799u	/* self-described CBOR, RFC 8949, 3.4.6 */

/* Addresses are multiples of a page, the count is in its limits, and the last
 * page ends below 2^64. */
static inline bool run_is_sound(uint64_t address, uint64_t count)
{
	uint64_t last;

	return address % STREAM_PAGE == 0 && count >= 1 &&
	       count <= STREAM_RUN_MAX &&
	       !__builtin_add_overflow(address, count * STREAM_PAGE - 1,
				       &last);
}

#endif
