/* SPDX-License-Identifier: MIT */
/* text.c - reading the text files of /proc, for the files of lib/proc alone */
#include "proc/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
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
	l->small = l->ended = false;
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

int lines_open_small(struct lines *l, pid_t pid, pid_t tid, const char *name)
{
	int rc = lines_open(l, pid, tid, name);

	l->small = true;
	return rc;
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
		n = l->ended ? 0 : read_some(l->fd, l->buf + l->end,
					     l->room - l->end - 1);
		if (n < 0) {
			l->err = errno;
			return NULL;
		}
		l->end += n;
		l->ended = l->small && n < 3072;
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

/* linux_dirent64 of getdents64(2) */
struct entry {
	uint64_t ino, off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static void add_numbers(const char *at, const char *end, struct list *numbers)
{
	while (at < end) {
		const struct entry *e = (const void *)at;
		const char *p = e->name;
		int n;

		at += e->len;
		if (!isdigit((unsigned char)*p))
			continue;
		n = text_dec(&p);
		if (!*p)
			*(int *)list_add(numbers, sizeof(int)) = n;
	}
}

static bool is_sorted(const struct list *numbers)
{
	const int *n = numbers->items;

	for (size_t i = 1; i < numbers->n; i++)
		if (n[i - 1] > n[i])
			return false;
	return true;
}

/* By hand: opendir(3) and readdir(3) make six calls where three do. */
int numbers_in(int dirfd, struct list *numbers)
{
	char buf[16384] __attribute__((aligned(8)));
	long n;
	int err;

	if (dirfd < 0)
		return -1;
	do {
		n = syscall(SYS_getdents64, dirfd, buf, sizeof(buf));
		if (n > 0)
			add_numbers(buf, buf + n, numbers);
	} while (n > (long)sizeof(buf) / 2);
	err = errno;
	close(dirfd);
	if (!is_sorted(numbers))
		list_sort(numbers, sizeof(int), ascending);
	errno = err;
	return n < 0 ? -1 : 0;
}
