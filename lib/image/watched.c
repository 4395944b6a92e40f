/* SPDX-License-Identifier: MIT */
/* watched.c - the path of a file that the kernel only gives a handle of */
#include "image/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

#define SEARCH_NS	1500000000ull	/* for a file without a handle */

/* ---- from fdinfo ---- */

static bool hex_after(const char *line, const char *end, const char *key,
		      unsigned long long *value)
{
	const char *at = strstr(line, key);

	if (!at || at >= end)
		return false;
	*value = strtoull(at + strlen(key), NULL, 16);
	return true;
}

static size_t read_bytes(const char *hex, uint8_t *to, size_t room)
{
	unsigned int byte;
	size_t n = 0;

	for (; n < room && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		to[n++] = byte;
	return n;
}

bool watched_read(const char *line, struct watched *w)
{
	const char *end = strchrnul(line, '\n'), *at;
	unsigned long long ino, dev, len, type;

	*w = (struct watched){ 0 };
	if (!hex_after(line, end, " sdev:", &dev))
		return false;
	/* The kernel's own packing of a device's number. */
	w->major = dev >> 20;
	w->minor = dev & 0xfffff;
	if (!hex_after(line, end, " ino:", &ino))
		return false;
	w->ino = ino;
	at = strstr(line, " f_handle:");
	if (at && at < end && hex_after(line, end, " fhandle-bytes:", &len) &&
	    hex_after(line, end, " fhandle-type:", &type) &&
	    len <= sizeof(w->handle)) {
		w->handle_type = type;
		w->handle_len = read_bytes(at + 10, w->handle, len);
	}
	return true;
}

/* ---- mounts ---- */

/* \040 and its kin, of proc(5). */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = strtol((char[]){ s[1], s[2], s[3], 0 }, NULL, 8);
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* The next mount of that file system, or of that id; @text goes on behind it. */
static char *next_mount(char **text, const struct watched *w, int mount)
{
	while (*text && **text) {
		char *line = *text, *end = strchrnul(line, '\n'), where[4096];
		unsigned int major, minor;
		int id;

		*text = *end ? end + 1 : end;
		if (sscanf(line, "%d %*d %u:%u %*s %4095s", &id, &major, &minor,
			   where) != 4)
			continue;
		if (mount > 0 ? id != mount :
		    major != w->major || minor != w->minor)
			continue;
		unescape(where);
		return xstrdup(where);
	}
	return NULL;
}

static char *read_mounts(const struct source *s)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", s->via);
	return read_file(path, NULL);
}

char *mount_path(const struct source *s, const struct watched *w, int mount)
{
	char *text = read_mounts(s), *at = text;
	char *found = text ? next_mount(&at, w, mount) : NULL;

	free(text);
	return found;
}

/* ---- by handle ---- */

static char *link_of(int fd)
{
	char name[64], target[4096];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(target);
}

/* Does the path lead to that inode? */
static bool leads_to(const char *path, uint64_t ino)
{
	struct stat st;

	return path && path[0] == '/' && lstat(path, &st) == 0 &&
	       st.st_ino == ino;
}

static char *by_handle(const char *mount, const struct watched *w)
{
	struct {
		struct file_handle head;
		uint8_t room[128];
	} h = { .head = { w->handle_len, w->handle_type } };
	int at = open(mount, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), fd;
	char *path;

	if (at < 0)
		return NULL;
	memcpy(h.head.f_handle, w->handle, w->handle_len);
	fd = open_by_handle_at(at, &h.head, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	close(at);
	if (fd < 0)
		return NULL;
	path = link_of(fd);
	close(fd);
	if (leads_to(path, w->ino))
		return path;
	free(path);
	return NULL;
}

/* ---- by searching ---- */

/* nftw(3) has no argument for its function. */
static struct {
	const struct watched *w;
	uint64_t until_ns;
	char *found;
} search;

static bool is_it(const struct stat *st)
{
	return st->st_ino == search.w->ino &&
	       major(st->st_dev) == search.w->major &&
	       minor(st->st_dev) == search.w->minor;
}

static int visit(const char *path, const struct stat *st, int type,
		 struct FTW *at)
{
	(void)at;
	if (type != FTW_NS && is_it(st)) {
		search.found = xstrdup(path);
		return 1;
	}
	return (uint64_t)monotonic_ns() > search.until_ns;
}

/* The directory, and all above it. */
static bool try_above(const char *path)
{
	char *p = xstrdup(path);
	struct stat st;

	while (p[0] == '/' && !search.found) {
		char *slash = strrchr(p, '/');

		if (lstat(p, &st) == 0 && is_it(&st))
			search.found = xstrdup(p);
		if (!p[1])
			break;
		slash[slash == p ? 1 : 0] = '\0';
	}
	free(p);
	return search.found;
}

static void try_below(const char *path)
{
	if (!search.found && path && path[0] == '/')
		nftw(path, visit, 32, FTW_PHYS | FTW_MOUNT);
}

/* Searching opens directories, which who watches them hears of, and takes its
 * time: what was found before the freeze is not searched for in it. */
struct found {
	uint64_t ino;
	unsigned int major, minor;
	char *path;		/* owned */
};
static struct list found_before;

static char *recall(const struct watched *w)
{
	struct stat st;

	list_each(&found_before, struct found, f)
		if (f->ino == w->ino && f->major == w->major &&
		    f->minor == w->minor && lstat(f->path, &st) == 0 &&
		    is_it(&st))
			return xstrdup(f->path);
	return NULL;
}

static void remember(const struct watched *w, const char *path)
{
	*(struct found *)list_add(&found_before, sizeof(struct found)) =
		(struct found){ w->ino, w->major, w->minor, xstrdup(path) };
}

/* What it has open is near to what it watches, most likely. */
static char *by_search(const struct source *s, const struct watched *w)
{
	char *cwd, *text, *at, *mount;

	search.w = w;
	search.found = recall(w);
	if (search.found)
		return search.found;
	cwd = proc_link(s->via, "cwd");
	search.until_ns = monotonic_ns() + SEARCH_NS;
	if (cwd)
		try_above(cwd);
	list_each(&s->fds, struct source_fd, fd)
		if (!search.found && fd->link[0] == '/')
			try_above(fd->link);
	try_below(cwd);
	free(cwd);
	text = at = read_mounts(s);
	while (text && !search.found && (mount = next_mount(&at, w, 0))) {
		try_below(mount);
		free(mount);
	}
	free(text);
	if (search.found)
		remember(w, search.found);
	return search.found;
}

char *watched_path(const struct source *s, const struct watched *w)
{
	char *text = read_mounts(s), *at = text, *mount, *found = NULL;

	while (text && w->handle_len && !found &&
	       (mount = next_mount(&at, w, 0))) {
		found = by_handle(mount, w);
		free(mount);
	}
	free(text);
	return found ? found : by_search(s, w);
}
