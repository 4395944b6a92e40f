/* SPDX-License-Identifier: MIT */
/*
 * names.c - another name of a file whose name was deleted (hard links)
 *
 * The kernel leads from a name to a file and not back.  So names are looked
 * for: in the same directory first, then around it, going up as far as the
 * file system reaches.  The tree stands still meanwhile, hence the bound.
 */
#include "image/names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"

#define ENTRIES	50000		/* looked at in all */
#define DEPTH	32

struct search {
	const struct stat *st;	/* of what is looked for */
	int left;		/* entries that may still be looked at */
	char *found;		/* owned */
};

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static bool same_device(int dir, const struct search *s)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_dev == s->st->st_dev;
}

static void look_at(struct search *s, DIR *d, const char *path,
		    const struct dirent *e)
{
	struct stat st;

	if (e->d_ino == s->st->st_ino &&
	    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == s->st->st_ino && st.st_dev == s->st->st_dev)
		s->found = xasprintf("%s%s%s", path,
				     path[strlen(path) - 1] == '/' ? "" : "/",
				     e->d_name);
}

/* All of @path but for what is below @without, which has been seen. */
static void search_in(struct search *s, const char *path, const char *without,
		      int depth)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return;
	if (!same_device(dirfd(d), s)) {
		closedir(d);
		return;
	}
	while (!s->found && s->left-- > 0 && (e = readdir(d))) {
		char *below;

		look_at(s, d, path, e);
		if (s->found || e->d_type != DT_DIR || !depth ||
		    is_dots(e->d_name))
			continue;
		below = xasprintf("%s/%s", strcmp(path, "/") ? path : "",
				  e->d_name);
		if (!without || strcmp(below, without))
			search_in(s, below, NULL, depth - 1);
		free(below);
	}
	closedir(d);
}

char *name_other(const char *path, const struct stat *st)
{
	struct search s = { .st = st, .left = ENTRIES };
	char *dir, *seen = NULL;
	struct stat up;

	if (path[0] != '/' || !st->st_nlink)
		return NULL;
	dir = xstrdup(path);
	for (char *slash; !s.found && s.left > 0 && *dir &&
	     (slash = strrchr(dir, '/'));) {
		slash[slash == dir] = '\0';
		if (!seen)	/* its own directory, no deeper */
			search_in(&s, dir, NULL, 0);
		if (!s.found)
			search_in(&s, dir, seen, DEPTH);
		free(seen);
		seen = xstrdup(dir);
		if (!dir[1] || (stat(dir, &up) == 0 && up.st_dev != st->st_dev))
			break;
	}
	free(seen);
	free(dir);
	return s.found;
}
