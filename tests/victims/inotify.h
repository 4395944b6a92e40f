/* SPDX-License-Identifier: MIT */
/* inotify.h - short words for victims that watch files */
#include <dirent.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "victim.h"

/* The next event, one at a time: later ones wait in here. */
static inline struct inotify_event *told(int fd)
{
	static char room[16384] __attribute__((aligned(8)));
	static size_t at, n;
	struct inotify_event *ev;

	if (at == n) {
		n = must(read(fd, room, sizeof(room)));
		at = 0;
	}
	ev = (struct inotify_event *)(room + at);
	at += sizeof(*ev) + ev->len;
	return ev;
}

static inline void told_of(int fd, int wd, uint32_t mask, const char *name)
{
	const struct inotify_event *ev = told(fd);

	same(ev->wd, wd);
	same(ev->mask, mask);
	same_text(ev->len ? ev->name : "", name);
}

static inline void told_none(int fd)
{
	int n = -1;

	must(ioctl(fd, FIONREAD, &n));
	same(n, 0);
}

static inline char *subdir(const char *name)
{
	char *path = victim_path(name);

	must(mkdir(path, 0755));
	return path;
}

/* DIR/name, which is or becomes a file. */
static inline void touch(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	close(must(open(path, O_WRONLY | O_CREAT, 0644)));
}
