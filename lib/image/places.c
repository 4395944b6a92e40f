/* SPDX-License-Identifier: MIT */
/* places.c - directories made for a moment, and removed again */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/names.h"

bool place_is_ours(const struct places *p, const char *path)
{
	list_each(&p->made, char *, made)
		if (!strcmp(*made, path))
			return true;
	return false;
}

static int make_one(struct places *p, const char *path)
{
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -1;
	*(char **)list_add(&p->made, sizeof(char *)) = xstrdup(path);
	return 0;
}

int place_make(struct places *p, const char *path, bool parent)
{
	char *dir = xstrdup(path), *end = strrchr(dir, '/');
	int rc = 0, err;

	if (parent && end)
		end[end == dir] = '\0';
	for (char *slash = dir + 1; rc == 0 && (slash = strchr(slash, '/'));) {
		*slash = '\0';
		rc = make_one(p, dir);
		*slash++ = '/';
	}
	if (rc == 0)
		rc = make_one(p, dir);
	err = errno;
	free(dir);
	errno = err;
	return rc;
}

void places_remove(struct places *p)
{
	for (size_t i = p->made.n; i--;) {
		char *path = *list_at(&p->made, char *, i);

		rmdir(path);
		free(path);
	}
	list_free(&p->made);
}
