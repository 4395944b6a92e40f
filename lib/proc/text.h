/* SPDX-License-Identifier: MIT */
/*
 * text.h - reading the text files of /proc, for the files of lib/proc alone
 *
 * Files of /proc are read line by line through one fixed buffer: the kernel
 * hands out a page per read anyway, and fresh memory for a big smaps would cost
 * more than parsing it.  Numbers are read by hand: smaps of a big process is
 * megabytes, and sscanf() would be most of the time.
 */
#ifndef PROC_TEXT_H
#define PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/list.h"

/* "/proc/PID/NAME", or "/proc/PID/task/TID/NAME" where @tid is another task */
#define PROC_PATH_ROOM 128
int proc_path(char path[static PROC_PATH_ROOM], pid_t pid, pid_t tid,
	      const char *name);
int proc_open(pid_t pid, pid_t tid, const char *name, int flags);

struct lines {
	int fd;			/* owned */
	int err;		/* errno of the read that failed */
	bool small;		/* its records are below 1 KiB */
	bool ended;
	char *buf;		/* fixed, or owned once a line was too long */
	size_t room, start, end;
	char fixed[16384];
};
/* lines_close() keeps errno, and returns -1 with it if a read had failed. */
int lines_open(struct lines *l, pid_t pid, pid_t tid, const char *name);
/* Of a file whose records are below 1 KiB: a read well below a page is its
 * last. */
int lines_open_small(struct lines *l, pid_t pid, pid_t tid, const char *name);
int lines_open_path(struct lines *l, const char *path);
/* The next line, ended by NUL in place of \n, good until the next call; NULL at
 * the end or on failure. */
char *lines_next(struct lines *l);
int lines_close(struct lines *l);

/* Names in a directory that are numbers, ascending: list of int (or pid_t).
 * -1 with errno; takes @dirfd. */
int numbers_in(int dirfd, struct list *numbers);

static inline uint64_t text_hex(const char **p)
{
	uint64_t v = 0;

	for (;; ++*p) {
		unsigned c = (unsigned char)**p, d = c - '0';

		if (d > 9) {
			d = (c | 0x20) - 'a';
			if (d > 5)
				return v;
			d += 10;
		}
		v = v << 4 | d;
	}
}

static inline uint64_t text_dec(const char **p)
{
	uint64_t v = 0;
	unsigned d;

	for (; (d = (unsigned char)**p - '0') <= 9; ++*p)
		v = 10 * v + d;
	return v;
}

static inline int64_t text_int(const char **p)
{
	bool minus = **p == '-';

	*p += minus;
	return minus ? -(int64_t)text_dec(p) : (int64_t)text_dec(p);
}

static inline const char *text_blank(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* What follows @key in @line, blanks skipped; NULL if it starts otherwise. */
static inline const char *text_after(const char *line, const char *key)
{
	size_t n = strlen(key);

	return strncmp(line, key, n) ? NULL : text_blank(line + n);
}

#endif
