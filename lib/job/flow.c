/* SPDX-License-Identifier: MIT */
/* flow.c - bytes on their way from one descriptor to another */
#include "job/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* To open the master of a pseudo-terminal again would make another one. */
static bool can_be_reopened(int fd, mode_t mode)
{
	unsigned int number;

	if (S_ISFIFO(mode))
		return true;
	return isatty(fd) && ioctl(fd, TIOCGPTN, &number) < 0;
}

/* A terminal promises no number; so few fit but for an unlucky moment. */
#define TTY_MOST	256

/*
 * Where the description cannot be ours (the terminal is another user's after
 * su(1)), one write has no more bytes than poll(2) promises room for.
 */
static struct flow_end end_open(int fd, int access)
{
	struct flow_end e = { .fd = fd, .most = SIZE_MAX };
	char path[32];
	struct stat st;
	int own;

	if (fd < 0 || fstat(fd, &st) < 0)
		return e;
	e.socket = S_ISSOCK(st.st_mode);
	if (e.socket || fcntl(fd, F_GETFL) & O_NONBLOCK ||
	    !can_be_reopened(fd, st.st_mode))
		return e;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0) {
		e.most = S_ISFIFO(st.st_mode) ? PIPE_BUF : TTY_MOST;
		return e;
	}
	e.fd = own;
	e.owned = true;
	return e;
}

static void end_close(struct flow_end *e)
{
	if (e->owned)
		close(e->fd);
	e->fd = -1;
	e->owned = false;
}

void flow_open(struct flow *w, int from, int to)
{
	w->from = end_open(from, O_RDONLY);
	w->to = end_open(to, O_WRONLY);
	w->first = NULL;
	w->first_len = 0;
	w->ended = from < 0;
	w->broken = to < 0;
	w->error = 0;
	w->last = '\n';
	w->at = w->end = 0;
}

void flow_close(struct flow *w)
{
	end_close(&w->from);
	end_close(&w->to);
}

bool flow_empty(const struct flow *w)
{
	return w->at == w->end && !w->first_len;
}

void flow_append(struct flow *w, const void *data, size_t n)
{
	size_t room;

	if (w->at == w->end)
		w->at = w->end = 0;
	room = sizeof(w->data) - w->end;
	if (n > room)
		n = room;
	memcpy(w->data + w->end, data, n);
	w->end += n;
}

void flow_break(struct flow *w, int error)
{
	w->broken = true;
	w->error = error;
	w->ended = true;
	w->at = w->end = 0;
	w->first_len = 0;
	flow_close(w);
}

static void take_first(struct flow *w)
{
	size_t n = w->first_len;

	if (n > sizeof(w->data))
		n = sizeof(w->data);
	flow_append(w, w->first, n);
	w->first += n;
	w->first_len -= n;
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* No error of a read tells more than that the end has come: a terminal that
 * is gone says EIO. */
void flow_fill(struct flow *w)
{
	ssize_t n;

	if (w->broken || w->at != w->end)
		return;
	w->at = w->end = 0;
	if (w->first_len) {
		take_first(w);
		return;
	}
	if (w->ended)
		return;
	if (w->from.socket)
		n = recv(w->from.fd, w->data, sizeof(w->data), MSG_DONTWAIT);
	else
		n = read(w->from.fd, w->data, sizeof(w->data));
	if (n > 0)
		w->end = n;
	else if (n == 0 || !again())
		w->ended = true;
}

static void drain(struct flow *w)
{
	size_t left = w->end - w->at;
	ssize_t n;

	if (left > w->to.most)
		left = w->to.most;
	if (w->to.socket)
		n = send(w->to.fd, w->data + w->at, left,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		n = write(w->to.fd, w->data + w->at, left);
	if (n > 0) {
		w->at += n;
		w->last = w->data[w->at - 1];
	} else if (n < 0 && !again()) {
		flow_break(w, errno);
	}
}

void flow_arm(struct flow *w, struct pollfd *from, struct pollfd *to)
{
	if (w->first_len)
		flow_fill(w);
	*from = (struct pollfd){ .fd = -1, .events = POLLIN };
	*to = (struct pollfd){ .fd = w->to.fd };
	if (w->at != w->end)
		to->events = POLLOUT;
	else if (!w->ended)
		from->fd = w->from.fd;
}

void flow_run(struct flow *w, const struct pollfd *from,
	      const struct pollfd *to)
{
	if (to->revents & (POLLERR | POLLHUP | POLLNVAL))
		flow_break(w, EPIPE);
	else if (to->revents & POLLOUT)
		drain(w);
	if (from->revents)
		flow_fill(w);
}
