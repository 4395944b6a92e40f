/* SPDX-License-Identifier: MIT */
/*
 * cache.h - a directory of files by their content
 *
 * A file in it is named by the XXH3-128 of its bytes, its size, and whether it
 * may be executed and read by everybody.  The directory is the caller's alone
 * to write to, and what is found in it is hashed before it is used.
 */
#ifndef IMAGE_CACHE_H
#define IMAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/failure.h"

#define CACHE_HASH 16

/* Of the first @size bytes of @fd; -1 if there are fewer. */
int cache_hash(int fd, uint64_t size, uint8_t hash[static CACHE_HASH]);

/* The directory: @wish, or that of the user.  Owned; NULL with why.  It may not
 * exist yet: cache_make() makes it. */
char *cache_dir(const char *wish, struct failure *f);
int cache_make(const char *dir, struct failure *f);
/* Where a file with that content is or would be.  Owned. */
char *cache_path(const char *dir, const uint8_t hash[static CACHE_HASH],
		 uint64_t size, mode_t mode);
/* The mode of it there. */
mode_t cache_mode(mode_t mode);
/* Is it there, ours, and right to the byte? */
bool cache_has(const char *path, const uint8_t hash[static CACHE_HASH],
	       uint64_t size);

#endif
