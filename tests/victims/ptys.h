/* SPDX-License-Identifier: MIT */
/* ptys.h - what victims with pseudo-terminals share */
#ifndef PTYS_H
#define PTYS_H

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "victim.h"

/* The master of a new, unlocked pseudo-terminal; its name to @name, 64 bytes. */
static inline int open_master(char *name)
{
	int master = must(posix_openpt(O_RDWR | O_NOCTTY));

	must(grantpt(master));
	must(unlockpt(master));
	zero(ptsname_r(master, name, 64));
	return master;
}

static inline int open_pair(int *slave)
{
	char name[64];
	int master = open_master(name);

	*slave = must(open(name, O_RDWR | O_NOCTTY));
	return master;
}

static inline void make_raw(int fd)
{
	struct termios t;

	must(tcgetattr(fd, &t));
	cfmakeraw(&t);
	must(tcsetattr(fd, TCSANOW, &t));
}

static inline void same_modes(const struct termios *now,
			      const struct termios *was)
{
	same(now->c_iflag, was->c_iflag);
	same(now->c_oflag, was->c_oflag);
	same(now->c_cflag, was->c_cflag);
	same(now->c_lflag, was->c_lflag);
	same(memcmp(now->c_cc, was->c_cc, VEOL2 + 1), 0);
	same(cfgetispeed(now), cfgetispeed(was));
	same(cfgetospeed(now), cfgetospeed(was));
}

static inline bool readable(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, ms) == 1 && p.revents & POLLIN;
}

/* Exactly this comes, however many reads it takes, and then nothing. */
static inline void expect_bytes(int fd, const void *bytes, size_t n)
{
	static char buf[1 << 17];
	size_t got = 0;

	while (got < n && readable(fd, 5000)) {
		ssize_t some = must(read(fd, buf + got, sizeof(buf) - got));

		check(some > 0);
		got += some;
	}
	same(got, n);
	same(memcmp(buf, bytes, n), 0);
	check(!readable(fd, 0));
}

/* One read gives just this. */
static inline void expect_line(int fd, const char *line)
{
	char buf[8192];
	ssize_t n;

	check(readable(fd, 5000));
	n = must(read(fd, buf, sizeof(buf) - 1));
	buf[n] = '\0';
	same_text(buf, line);
}

/* Until @n bytes of input wait to be read. */
static inline void await_bytes(int fd, int n)
{
	int waiting = 0;

	do
		must(ioctl(fd, FIONREAD, &waiting));
	while (waiting < n);
	same(waiting, n);
}

/* A child that leads a session whose terminal @name is, as descriptors 0 to 2,
 * and has no master; runs @run. */
static inline pid_t terminal_child(int master, const char *name,
				   void (*run)(void))
{
	pid_t pid = must(fork());

	if (pid == 0) {
		must(setsid());
		close(master);
		close(0);
		same(must(open(name, O_RDWR)), 0);
		must(dup2(0, 1));
		must(dup2(0, 2));
		run();
		_exit(0);
	}
	return pid;
}

#endif
