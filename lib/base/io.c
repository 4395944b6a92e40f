/* SPDX-License-Identifier: MIT */
/* io.c - read(2) and write(2) to the end, in spite of EINTR and short counts */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/list.h"

/* A non-blocking descriptor may be somebody else's choice: wait for it. */
static int wait_for(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };

	return poll(&p, 1, -1) < 0 && errno != EINTR ? -1 : 0;
}

int write_full(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w >= 0) {
			p += w;
			n -= w;
		} else if (errno == EAGAIN) {
			if (wait_for(fd, POLLOUT) < 0)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

ssize_t read_some(int fd, void *data, size_t n)
{
	for (;;) {
		ssize_t r = read(fd, data, n);

		if (r >= 0)
			return r;
		if (errno == EAGAIN) {
			if (wait_for(fd, POLLIN) < 0)
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
}

ssize_t read_full(int fd, void *data, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read_some(fd, (char *)data + got, n - got);

		if (r < 0)
			return -1;
		if (r == 0)
			break;
		got += r;
	}
	return got;
}

char *read_file_at(int dirfd, const char *path, size_t *len)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	size_t n = 0, room = 4096;
	char *buf;

	if (fd < 0)
		return NULL;
	buf = xmalloc(room);
	for (;;) {
		ssize_t r = read_some(fd, buf + n, room - n - 1);

		if (r < 0) {
			int err = errno;

			free(buf);
			close(fd);
			errno = err;
			return NULL;
		}
		if (r == 0)
			break;
		n += r;
		if (room - n < 1024)
			buf = xrealloc(buf, room *= 2);
	}
	close(fd);
	buf[n] = '\0';
	if (len)
		*len = n;
	return buf;
}

char *read_file_proc_at(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC), err;
	size_t room = 4096;
	ssize_t n;
	char *buf;

	if (fd < 0)
		return NULL;
	buf = xmalloc(room);
	n = read_some(fd, buf, room - 1);
	err = errno;
	close(fd);
	if (n > (ssize_t)room - 1024) {	/* it may be longer */
		free(buf);
		return read_file_at(dirfd, path, NULL);
	}
	if (n < 0) {
		free(buf);
		errno = err;
		return NULL;
	}
	buf[n] = '\0';
	return buf;
}

char *read_file_proc(const char *path)
{
	return read_file_proc_at(AT_FDCWD, path);
}

char *read_file(const char *path, size_t *len)
{
	return read_file_at(AT_FDCWD, path, len);
}
