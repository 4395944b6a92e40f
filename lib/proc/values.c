/* SPDX-License-Identifier: MIT */
/* values.c - files of /proc/PID that are one number, and auxv */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/proc.h"
#include "proc/text.h"

static int close_keep_errno(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

/* A small file whole; how much, or -1.  E2BIG if there is more than @room. */
static ssize_t read_small(pid_t pid, const char *name, void *to, size_t room)
{
	int fd = proc_open(pid, pid, name, O_RDONLY);
	ssize_t n, more = 0;
	char c;

	if (fd < 0)
		return -1;
	n = read_some(fd, to, room);
	if (n == (ssize_t)room)
		more = read_some(fd, &c, 1);
	if (n < 0 || more < 0)
		return close_keep_errno(fd);
	close(fd);
	if (more) {
		errno = E2BIG;
		return -1;
	}
	return n;
}

int proc_auxv(pid_t pid, uint64_t *words, size_t room, size_t *n)
{
	ssize_t got = read_small(pid, "auxv", words, room * sizeof(*words));

	if (got < 0)
		return -1;
	*n = got / sizeof(*words);
	return 0;
}

int proc_number(pid_t pid, const char *name, int base, int64_t *value)
{
	char text[64], *end;
	ssize_t n = read_small(pid, name, text, sizeof(text) - 1);

	if (n < 0)
		return -1;
	text[n] = '\0';
	errno = 0;
	*value = strtoll(text, &end, base);
	if (errno)
		return -1;
	if (end == text || (*end && *end != '\n')) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}
