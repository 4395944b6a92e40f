/* SPDX-License-Identifier: MIT */
/* text.c - reading the text files of /proc, for the files of lib/proc alone */
#include "proc/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"

int proc_path(char path[static PROC_PATH_ROOM], pid_t pid, pid_t tid,
	      const char *name)
{
	int n;

	if (tid == pid)
		n = snprintf(path, PROC_PATH_ROOM, "/proc/%d/%s", pid, name);
	else
		n = snprintf(path, PROC_PATH_ROOM, "/proc/%d/task/%d/%s",
			     pid, tid, name);
	if (n < PROC_PATH_ROOM)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int proc_open(pid_t pid, pid_t tid, const char *name, int flags)
{
	char path[PROC_PATH_ROOM];

	if (proc_path(path, pid, tid, name) < 0)
		return -1;
	return open(path, flags | O_CLOEXEC);
}

int lines_open_path(struct lines *l, const char *path)
{
	l->fd = open(path, O_RDONLY | O_CLOEXEC);
	l->err = 0;
	l->buf = l->fixed;
	l->room = sizeof(l->fixed);
	l->start = l->end = 0;
	return l->fd < 0 ? -1 : 0;
}

int lines_open(struct lines *l, pid_t pid, pid_t tid, const char *name)
{
	char path[PROC_PATH_ROOM];

	if (proc_path(path, pid, tid, name) < 0)
		return -1;
	return lines_open_path(l, path);
}

/* Room for at least one more byte and the NUL that ends a last line. */
static void make_room(struct lines *l)
{
	memmove(l->buf, l->buf + l->start, l->end - l->start);
	l->end -= l->start;
	l->start = 0;
	if (l->room - l->end > sizeof(l->fixed) / 4)
		return;
	if (l->buf == l->fixed) {
		l->buf = xmalloc(2 * l->room);
		memcpy(l->buf, l->fixed, l->end);
	} else {
		l->buf = xrealloc(l->buf, 2 * l->room);
	}
	l->room *= 2;
}

char *lines_next(struct lines *l)
{
	size_t seen = 0;
	char *line, *end;
	ssize_t n;

	for (;;) {
		line = l->buf + l->start;
		end = memchr(line + seen, '\n', l->end - l->start - seen);
		if (end)
			break;
		seen = l->end - l->start;
		make_room(l);
		n = read_some(l->fd, l->buf + l->end, l->room - l->end - 1);
		if (n < 0) {
			l->err = errno;
			return NULL;
		}
		l->end += n;
		if (n == 0) {
			if (!seen)
				return NULL;
			line = l->buf;
			line[seen] = '\0';
			l->start = l->end;
			return line;
		}
	}
	*end = '\0';
	l->start = end + 1 - l->buf;
	return line;
}

int lines_close(struct lines *l)
{
	int err = errno;

	if (l->buf != l->fixed)
		free(l->buf);
	close(l->fd);
	errno = l->err ? l->err : err;
	return l->err ? -1 : 0;
}

static int ascending(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

int numbers_in(int dirfd, struct list *numbers)
{
	struct dirent *e;
	bool sorted = true;
	int last = -1, err;
	DIR *dir = dirfd < 0 ? NULL : fdopendir(dirfd);

	if (!dir) {
		err = errno;
		if (dirfd >= 0)
			close(dirfd);
		errno = err;
		return -1;
	}
	while (errno = 0, (e = readdir(dir))) {
		const char *p = e->d_name;
		int n;

		if (!isdigit((unsigned char)*p))
			continue;
		n = text_dec(&p);
		if (*p)
			continue;
		*(int *)list_add(numbers, sizeof(int)) = n;
		sorted = sorted && n > last;
		last = n;
	}
	err = errno;
	closedir(dir);
	if (!sorted)
		qsort(numbers->items, numbers->n, sizeof(int), ascending);
	errno = err;
	return err ? -1 : 0;
}
