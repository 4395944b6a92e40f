/* SPDX-License-Identifier: MIT */
/* sink.c - bytes on their way to a descriptor */
#include "stream/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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
