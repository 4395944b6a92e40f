/* SPDX-License-Identifier: MIT */
/*
 * pty.h - terminals: made anew, described, followed, and put in raw mode
 *
 * The modes of a terminal travel as the kernel's struct termios2, 44 bytes
 * that are the same on every machine of an architecture.  Functions that
 * return int return -1 with errno, unless they take a struct failure.
 */
#ifndef JOB_PTY_H
#define JOB_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/failure.h"

enum {
	TTY_STATE_LEN = 44,	/* sizeof(struct termios2) */
	PTY_PATH_LEN = 64,
};

/* ---- what a terminal is like: for the capturing side ---- */

/* Modes and size of the terminal @fd, asked without disturbing it; @len must
 * be TTY_STATE_LEN, else EINVAL.  Either pointer may be NULL. */
int tty_read_state(int fd, void *termios2, size_t len, struct winsize *size);

/* ---- a terminal made anew: for the restoring side ---- */

/* These modes and size, as for pty_open(), for one that is there. */
int pty_set(int master, const void *termios2, const struct winsize *size);
/*
 * A new pseudo-terminal with these modes (NULL: the kernel's own) and size
 * (NULL: 0x0).  The caller owns *@master, which is close-on-exec; @path is
 * where programs find the terminal.
 */
int pty_open(int *master, char path[PTY_PATH_LEN], const void *termios2,
	     size_t len, const struct winsize *size, struct failure *f);
/*
 * Opens the terminal of @master, also where its path means another one (a
 * container's /dev/pts); never makes it the controlling one.  @flags as for
 * open(2).
 *
 * Whoever watches the master must not keep the terminal open, or it never
 * hears that the last program has closed it.
 */
int pty_slave(int master, int flags);
/* Gives the terminal of @master the size of the terminal @from; programs get
 * SIGWINCH if it is another one.  A size of 0x0 is not taken over. */
int pty_follow(int master, int from);

/* ---- the caller's terminal ---- */

struct tty_saved {
	int fd;			/* not owned */
	bool known;		/* modes are what it had before us */
	bool raw;		/* and it is in raw mode now, by our doing */
	struct termios modes;
};

/*
 * Puts the terminal @fd in raw mode; its modes are saved the first time only,
 * so that the same struct can be used again after tty_restore() or
 * tty_forget().  Nothing happens if it is in raw mode by our doing already.
 */
int tty_raw(int fd, struct tty_saved *s);
/* Modes as they were.  Left alone if the terminal is somebody else's now. */
void tty_restore(struct tty_saved *s);
/* Somebody else may have changed the modes meanwhile: we were stopped. */
void tty_forget(struct tty_saved *s);
/* Is @fd our controlling terminal, with another job in the foreground? */
bool tty_background(int fd);

#endif
