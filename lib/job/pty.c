/* SPDX-License-Identifier: MIT */
/*
 * pty.c - terminals: made anew, described, followed, and put in raw mode
 *
 * On a master, the kernel's mode ioctls act on the terminal behind it, so the
 * terminal need not be opened to be set up.
 */
#include "job/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* <asm/termbits.h>, where these are, cannot be had beside <termios.h>; all
 * that is needed of struct termios2 here is its size. */
#define GET_MODES	_IOR('T', 0x2A, char[TTY_STATE_LEN])	/* TCGETS2 */
#define SET_MODES	_IOW('T', 0x2B, char[TTY_STATE_LEN])	/* TCSETS2 */

#ifndef TIOCGPTPEER
#define TIOCGPTPEER	_IO('T', 0x41)
#endif

int tty_read_state(int fd, void *termios2, size_t len, struct winsize *size)
{
	if (termios2 && len != TTY_STATE_LEN) {
		errno = EINVAL;
		return -1;
	}
	if (termios2 && ioctl(fd, GET_MODES, termios2) < 0)
		return -1;
	return size ? ioctl(fd, TIOCGWINSZ, size) : 0;
}

int pty_set(int master, const void *termios2, const struct winsize *size)
{
	if (termios2 && ioctl(master, SET_MODES, termios2) < 0)
		return -1;
	return size ? ioctl(master, TIOCSWINSZ, size) : 0;
}

static int set_up(int master, char path[PTY_PATH_LEN], const void *termios2,
		  const struct winsize *size)
{
	if (grantpt(master) < 0 || unlockpt(master) < 0)
		return -1;
	errno = ptsname_r(master, path, PTY_PATH_LEN);
	if (errno)
		return -1;
	return pty_set(master, termios2, size);
}

int pty_open(int *master, char path[PTY_PATH_LEN], const void *termios2,
	     size_t len, const struct winsize *size, struct failure *f)
{
	int fd;

	if (termios2 && len != TTY_STATE_LEN)
		return fail(f, STATUS_STREAM,
			    "terminal modes of %zu bytes, not %d", len,
			    TTY_STATE_LEN);
	fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, 0, "cannot make a pseudo-terminal");
	if (set_up(fd, path, termios2, size) < 0) {
		fail_errno(f, 0, "cannot set up a pseudo-terminal");
		close(fd);
		return -1;
	}
	*master = fd;
	return 0;
}

int pty_slave(int master, int flags)
{
	char path[PTY_PATH_LEN];
	int fd = ioctl(master, TIOCGPTPEER, flags | O_NOCTTY);

	/* Before Linux 4.13 there is only the path. */
	if (fd >= 0 || (errno != EINVAL && errno != ENOTTY))
		return fd;
	errno = ptsname_r(master, path, sizeof(path));
	return errno ? -1 : open(path, flags | O_NOCTTY);
}

int pty_follow(int master, int from)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) < 0)
		return -1;
	if (!size.ws_row && !size.ws_col)
		return 0;
	return ioctl(master, TIOCSWINSZ, &size);
}

/* A job of the background would be stopped for changing modes; the callers
 * have made sure that they may. */
static int set_modes(int fd, const struct termios *modes)
{
	sigset_t ttou, old;
	int rc, err;

	sigemptyset(&ttou);
	sigaddset(&ttou, SIGTTOU);
	sigprocmask(SIG_BLOCK, &ttou, &old);
	while ((rc = tcsetattr(fd, TCSADRAIN, modes)) < 0 && errno == EINTR)
		;
	err = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = err;
	return rc;
}

int tty_raw(int fd, struct tty_saved *s)
{
	struct termios raw;

	if (s->raw)
		return 0;
	if (!s->known && tcgetattr(fd, &s->modes) < 0)
		return -1;
	s->known = true;
	s->fd = fd;
	raw = s->modes;
	cfmakeraw(&raw);
	if (set_modes(fd, &raw) < 0)
		return -1;
	s->raw = true;
	return 0;
}

void tty_restore(struct tty_saved *s)
{
	if (s->raw && !tty_background(s->fd))
		set_modes(s->fd, &s->modes);
	s->raw = false;
}

void tty_forget(struct tty_saved *s)
{
	s->raw = false;
}

bool tty_background(int fd)
{
	pid_t front = tcgetpgrp(fd);

	return front >= 0 && front != getpgrp();
}
