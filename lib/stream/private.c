/* SPDX-License-Identifier: MIT */
/* private.c - what reader and writer share */
#include "stream/private.h"

#include <string.h>

XXH3_state_t *hash_new(void)
{
	XXH3_state_t *hash = XXH3_createState();

	if (!hash)
		xmalloc(SIZE_MAX);	/* says so and ends */
	return hash;
}

void hash_digest(const XXH3_state_t *hash, uint8_t to[static 16])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash));
	memcpy(to, canonical.digest, sizeof(canonical.digest));
}

bool run_is_sound(uint64_t address, uint64_t count)
{
	uint64_t last;

	return address % STREAM_PAGE == 0 && count >= 1 &&
	       count <= STREAM_RUN_MAX &&
	       !__builtin_add_overflow(address, count * STREAM_PAGE - 1,
				       &last);
}
