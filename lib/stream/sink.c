/* SPDX-License-Identifier: MIT */
/* sink.c - bytes on their way to a descriptor */
#include "stream/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/uio.h>
#include <time.h>

#include "base/io.h"
#include "base/list.h"

#define PIPE_WANTED	(1 << 20)

int sink_flush(struct sink *s)
{
	size_t n = s->n;

	s->n = 0;
	return write_full(s->fd, s->buf, n);
}

/* What was gathered and @data in one call, as far as that gets. */
static int put_direct(struct sink *s, const void *data, size_t n)
{
	struct iovec v[2] = {
		{ .iov_base = s->buf, .iov_len = s->n },
		{ .iov_base = (void *)data, .iov_len = n },
	};
	ssize_t w = writev(s->fd, v, 2);
	size_t done = w < 0 ? 0 : w;	/* write_full() sees the error too */
	size_t gathered = s->n;

	s->n = 0;
	if (done < gathered) {
		if (write_full(s->fd, s->buf + done, gathered - done) < 0)
			return -1;
		done = gathered;
	}
	done -= gathered;
	return write_full(s->fd, (const char *)data + done, n - done);
}

int sink_put(struct sink *s, const void *data, size_t n)
{
	s->bytes += n;
	if (n >= SINK_DIRECT)
		return put_direct(s, data, n);
	if (!s->buf)
		s->buf = xmalloc(SINK_ROOM);
	if (n > SINK_ROOM - s->n && sink_flush(s) < 0)
		return -1;
	memcpy(s->buf + s->n, data, n);
	s->n += n;
	return 0;
}

bool sink_lends(struct sink *s)
{
	struct stat st;

	if (!s->lends)
		s->lends = fstat(s->fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
			   st.st_mode & S_ISVTX;
	return s->lends;
}

static int lend_all(int fd, const void *data, size_t n)
{
	struct iovec v = { (void *)data, n };

	while (v.iov_len) {
		ssize_t some = vmsplice(fd, &v, 1, 0);

		if (some < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			poll(&p, 1, -1);
		} else if (some < 0 && errno != EINTR) {
			return -1;
		} else if (some > 0) {
			v.iov_base = (uint8_t *)v.iov_base + some;
			v.iov_len -= some;
		}
	}
	return 0;
}

int sink_lend(struct sink *s, const void *data, size_t n, bool *lent)
{
	*lent = n >= SINK_DIRECT && sink_lends(s);
	if (!*lent)
		return sink_put(s, data, n);
	if (sink_flush(s) < 0)
		return -1;
	s->bytes += n;
	return lend_all(s->fd, data, n);
}

uint64_t sink_taken(const struct sink *s)
{
	int left = 0;

	if (ioctl(s->fd, FIONREAD, &left) < 0)
		return 0;
	return s->bytes - s->n - left;
}

int sink_pause(const struct sink *s)
{
	struct timespec pause = { 0, 100000 };
	struct pollfd p = { .fd = s->fd };	/* errors come unasked */

	if (ppoll(&p, 1, &pause, NULL) <= 0)
		return 0;
	errno = EPIPE;
	return -1;
}

#define DRAIN_FIRST_NS	20000
#define DRAIN_MOST_NS	1000000

/*
 * There is no event for "empty", so it is asked for, ever more rarely.  A
 * reader that has gone may have taken everything before: a pipe still knows
 * then, a socket has an error if he has not.
 */
int sink_drain(struct sink *s)
{
	struct timespec pause = { 0, DRAIN_FIRST_NS };
	struct pollfd p = { .fd = s->fd };	/* errors come unasked */
	unsigned long question;
	struct stat st;
	int left = 0;

	if (fstat(s->fd, &st) < 0)
		return -1;
	if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return 0;
	question = S_ISFIFO(st.st_mode) ? FIONREAD : SIOCOUTQ;
	for (;;) {
		bool gone = ppoll(&p, 1, &pause, NULL) > 0;

		if (ioctl(s->fd, question, &left) < 0)
			return 0;	/* a socket that cannot say */
		if (gone && (left || (S_ISSOCK(st.st_mode) &&
				      p.revents & POLLERR))) {
			errno = EPIPE;
			return -1;
		}
		if (!left)
			return 0;
		if (pause.tv_nsec < DRAIN_MOST_NS)
			pause.tv_nsec *= 2;
	}
}

void sink_free(struct sink *s)
{
	free(s->buf);
	*s = (struct sink){ .fd = -1 };
}

static int pipe_max(void)
{
	char *text = read_file("/proc/sys/fs/pipe-max-size", NULL);
	long max = text ? strtol(text, NULL, 10) : 0;

	free(text);
	return max > 0 && max < PIPE_WANTED ? max : PIPE_WANTED;
}

void pipe_enlarge(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);
	int max;

	if (size < 0)
		return;		/* no pipe */
	max = pipe_max();
	if (size < max)
		fcntl(fd, F_SETPIPE_SZ, max);	/* a wish: may be refused */
}

/* Not of a FIFO, which has a name and a mode that others see. */
void pipe_promise_copy(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC &&
	    fstat(fd, &st) == 0 && !(st.st_mode & S_ISVTX))
		fchmod(fd, (st.st_mode & 07777) | S_ISVTX);
}
