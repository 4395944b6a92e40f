/* SPDX-License-Identifier: MIT */
/*
 * cache.c - a directory of files by their content
 *
 * Somebody else who could write there could have us run what he likes, so it
 * has to be ours (or root's) and closed to others, and so has each file.
 */
#include "image/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/list.h"

#define CHUNK	(256u << 10)

int cache_hash(int fd, uint64_t size, uint8_t hash[static CACHE_HASH])
{
	uint8_t *buf = xmalloc(CHUNK);
	XXH3_state_t *state = XXH3_createState();
	XXH128_canonical_t c;
	uint64_t at = 0;

	if (state)
		XXH3_128bits_reset(state);
	while (state && at < size) {
		size_t want = size - at < CHUNK ? size - at : CHUNK;
		ssize_t n = pread(fd, buf, want, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		XXH3_128bits_update(state, buf, n);
		at += n;
	}
	free(buf);
	if (!state || at < size) {
		XXH3_freeState(state);
		return -1;
	}
	XXH128_canonicalFromHash(&c, XXH3_128bits_digest(state));
	memcpy(hash, c.digest, CACHE_HASH);
	XXH3_freeState(state);
	return 0;
}

/* Ours or root's, and nobody else may write to it. */
static bool is_ours(const struct stat *st)
{
	return (st->st_uid == geteuid() || st->st_uid == 0) &&
	       !(st->st_mode & 022);
}

static char *default_dir(void)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return xstrdup("/var/cache/sojourn");
	if (base && base[0] == '/')
		return xasprintf("%s/sojourn", base);
	if (home && home[0] == '/')
		return xasprintf("%s/.cache/sojourn", home);
	return NULL;
}

static int make_parents(const char *dir)
{
	char *path = xstrdup(dir);

	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST) {
			free(path);
			return -1;
		}
		*p = '/';
	}
	free(path);
	return 0;
}

static int check_dir(const char *dir, struct failure *f)
{
	struct stat st;

	if (lstat(dir, &st) < 0)
		return errno == ENOENT ? 0 :
			fail_errno(f, STATUS_DIFFERS, "%s", dir);
	if (!S_ISDIR(st.st_mode))
		return fail(f, STATUS_DIFFERS, "%s is no directory, so it cannot "
			    "keep files that the stream carries: use "
			    "--cache=DIR", dir);
	if (!is_ours(&st))
		return fail(f, STATUS_PERM, "others may write to %s, so it "
			    "cannot keep files that the stream carries: use "
			    "--cache=DIR with one of your own, or chmod it", dir);
	return 0;
}

char *cache_dir(const char *wish, struct failure *f)
{
	char *dir = wish ? xstrdup(wish) : default_dir();

	if (!dir) {
		fail(f, STATUS_DIFFERS, "there is no place for files that the "
		     "stream carries (HOME is not set): use --cache=DIR");
		return NULL;
	}
	if (check_dir(dir, f) < 0) {
		free(dir);
		return NULL;
	}
	return dir;
}

int cache_make(const char *dir, struct failure *f)
{
	if (make_parents(dir) < 0 || (mkdir(dir, 0755) < 0 && errno != EEXIST))
		return fail_errno(f, STATUS_DIFFERS, "cannot make %s for files "
				  "that the stream carries (--cache=DIR puts "
				  "them elsewhere)", dir);
	return check_dir(dir, f);
}

mode_t cache_mode(mode_t mode)
{
	mode_t all = mode & 0004 ? 0444 : 0400;

	return mode & 0111 ? all | (mode & 0001 ? 0111 : 0100) : all;
}

char *cache_path(const char *dir, const uint8_t hash[static CACHE_HASH],
		 uint64_t size, mode_t mode)
{
	char text[2 * CACHE_HASH + 1];

	for (size_t i = 0; i < CACHE_HASH; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	return xasprintf("%s/%s-%llu-%03o", dir, text,
			 (unsigned long long)size, cache_mode(mode));
}

bool cache_has(const char *path, const uint8_t hash[static CACHE_HASH],
	       uint64_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t here[CACHE_HASH];
	struct stat st;
	bool has;

	if (fd < 0)
		return false;
	has = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_ours(&st) &&
	      (uint64_t)st.st_size == size && cache_hash(fd, size, here) == 0 &&
	      !memcmp(here, hash, CACHE_HASH);
	close(fd);
	return has;
}
