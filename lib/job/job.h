/* SPDX-License-Identifier: MIT */
/*
 * job.h - to be the job that a moved program was
 *
 * Whoever started the restore sees a job that goes on: it types to the
 * program, reads what it prints, interrupts, stops and continues it, changes
 * the size of its terminal, and gets its exit status.
 *
 * With a pseudo-terminal (master >= 0) and raw mode, ^C and ^Z travel as bytes
 * and the program's own terminal makes signals of them.  Without one, the
 * caller's terminal makes them, and they are passed on as signals.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/failure.h"

/*
 * The job closes to_program and master (one descriptor may be both); when
 * job_run() returns, both are closed and -1.  The others stay the caller's,
 * but an in_fd that the program reads no more is made /dev/null unless it is a
 * terminal, so that its writer learns of it.
 */
struct job {
	pid_t root;		/* the program, in our PID namespace; signals go
				   to its process group if it leads one */
	int status_fd;		/* an int as of wait(2) comes here when the
				   program has ended */
	int in_fd;		/* -1: there is no input, a pipe is closed */
	const void *in_rest;	/* bytes that go before what in_fd gives */
	size_t in_rest_len;
	int to_program;		/* pipe or master that input goes to, -1 */
	int master;		/* its output goes to out_fd, -1 */
	int out_fd;
	bool in_is_tty;		/* in_fd is a terminal, to be put in raw mode
				   while we are in its foreground, if
				   to_program is the master */
};

/*
 * Passes everything on until the status has come and all output is written.
 * 0 with *@wait_status; -1 if the status did not come, or if output was lost
 * for another reason than that its reader went away (*@wait_status is then
 * the program's if it came, else -1).
 *
 *	end of input		a pipe is closed; a terminal that reads lines
 *				(ICANON) gets its VEOF, ^D, another does not
 *				learn of it
 *	program reads no more	input is no longer read
 *	reader of out_fd gone	master is closed: SIGHUP, as if the terminal
 *				had gone
 *	SIGTSTP			program is stopped, then we are
 *	SIGCONT			program is continued, with its size of terminal
 *	SIGWINCH		size of the caller's terminal is passed on
 *	other signals		passed on, even those that would have ended us
 *
 * The caller must have closed the terminal behind master; see pty.h.  The
 * shepherd (whoever waits for the program and writes status_fd) must not be in
 * our process group, where a typed ^C or ^Z would reach it, and has to close
 * in_fd, out_fd, to_program and master, or their other ends learn nothing.
 */
int job_run(struct job *j, int *wait_status, struct failure *f);

/*
 * Blocks the signals that job_run() takes, so that none is lost or ends us
 * between the start of the program and job_run(); the mask as it was is put
 * in *@old.  Children inherit the mask.
 */
void job_hold_signals(sigset_t *old);

/* What a shell calls the status of a program that ended so: its exit status,
 * 128 + n if signal n killed it. */
int job_exit_status(int wait_status);

#endif
