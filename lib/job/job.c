/* SPDX-License-Identifier: MIT */
/*
 * job.c - to be the job that a moved program was
 *
 * One loop over six descriptors.  A terminal that every program has closed
 * reports its hang-up for as long as that lasts, and may be opened again; it
 * is left out of poll(2) and looked at anew a few times a second.  So is a
 * keyboard that belongs to another job: that we come to the foreground is
 * told by no event if we were not stopped.
 */
#include "job/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/list.h"
#include "job/flow.h"
#include "job/pty.h"
#include "job/signals.h"

#define LOOK_AGAIN_MS	250

enum slot { SIGNALS, STATUS, IN, TO_PROGRAM, MASTER, OUT, SLOTS };

/* Passed on as they come; those of real time too, with their value. */
static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM,
	SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXCPU,
};

struct run {
	struct job *job;
	struct signals signals;
	struct tty_saved tty;
	struct flow input, output;
	bool terminal;		/* input goes to the master */
	bool eof_passed;	/* the program knows of the end of input */
	bool keys_elsewhere;	/* in_fd is the foreground job's, not ours */
	bool hung;		/* no program has the terminal open */
	bool ended;		/* status is the program's */
	int status;
};

/* ---- signals ---- */

static void wanted_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++)
		sigaddset(set, forwarded[i]);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaddset(set, sig);
	sigaddset(set, SIGWINCH);
	sigaddset(set, SIGTSTP);
	sigaddset(set, SIGCONT);
}

static void signal_program(const struct run *r, int sig)
{
	pid_t root = r->job->root;

	if (r->ended || root <= 0)
		return;
	kill(getpgid(root) == root ? -root : root, sig);
}

/* What the terminal sent to our group has reached a program of the group. */
static bool has_it_already(const struct run *r,
			   const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_KERNEL &&
	       getpgid(r->job->root) == getpgrp();
}

static void forward(const struct run *r, const struct signalfd_siginfo *info)
{
	union sigval value = { .sival_ptr = (void *)info->ssi_ptr };

	if (has_it_already(r, info))
		return;
	if (info->ssi_code == SI_QUEUE && r->job->root > 0 && !r->ended)
		sigqueue(r->job->root, info->ssi_signo, value);
	else
		signal_program(r, info->ssi_signo);
}

/* The size of the first of our descriptors that is a terminal. */
static void follow_size(const struct run *r)
{
	const struct job *j = r->job;
	int fd;

	if (j->master < 0 || pty_follow(j->master, j->out_fd) == 0 ||
	    pty_follow(j->master, j->in_fd) == 0)
		return;
	fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	pty_follow(j->master, fd);
	close(fd);
}

static void resume(struct run *r)
{
	tty_forget(&r->tty);
	follow_size(r);
	signal_program(r, SIGCONT);
}

/*
 * In a session of its own, which has no shell that could continue it, the
 * program would not be stopped by SIGTSTP; ours has one.
 */
static void suspend(struct run *r, const struct signalfd_siginfo *info)
{
	bool ours = getsid(r->job->root) == getsid(0);

	if (!has_it_already(r, info))
		signal_program(r, ours ? SIGTSTP : SIGSTOP);
	tty_restore(&r->tty);
	signals_suspend();
	resume(r);
}

static void take_signals(struct run *r)
{
	struct signalfd_siginfo info;

	while (signals_next(&r->signals, &info)) {
		switch (info.ssi_signo) {
		case SIGWINCH:
			follow_size(r);
			break;
		case SIGCONT:
			resume(r);
			break;
		case SIGTSTP:
			suspend(r, &info);
			break;
		default:
			forward(r, &info);
		}
	}
}

/* ---- input ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_program_input(struct run *r)
{
	struct job *j = r->job;

	if (!r->terminal)
		close_fd(&j->to_program);
	j->to_program = -1;
	r->input.to.fd = -1;
}

/* The program takes no more input: its writer should know. */
static void drop_input(struct run *r)
{
	struct job *j = r->job;
	int null;

	tty_restore(&r->tty);
	flow_break(&r->input, EPIPE);
	close_program_input(r);
	r->eof_passed = true;
	if (j->in_fd < 0 || j->in_fd == j->out_fd || isatty(j->in_fd))
		return;
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0)
		return;
	dup2(null, j->in_fd);
	close(null);
}

/* VEOF ends a line that has been begun, and only an empty one is the end. */
static void type_eof(struct run *r)
{
	struct termios modes;
	char eof;

	if (tcgetattr(r->job->master, &modes) < 0 ||
	    !(modes.c_lflag & ICANON))
		return;
	eof = modes.c_cc[VEOF];
	if (r->input.last != '\n' && r->input.last != eof)
		flow_append(&r->input, &eof, 1);
	flow_append(&r->input, &eof, 1);
}

static void pass_eof(struct run *r)
{
	if (!r->terminal)
		close_program_input(r);
	else if (r->job->in_fd >= 0)
		type_eof(r);
	r->eof_passed = true;
}

/* Looked at each time, since no event tells of it. */
static bool keyboard_is_ours(struct run *r)
{
	const struct job *j = r->job;

	if (tty_background(j->in_fd))
		return false;
	if (j->in_is_tty && r->terminal)
		tty_raw(j->in_fd, &r->tty);
	return true;
}

/* ---- the loop ---- */

static void arm_input(struct run *r, struct pollfd *in, struct pollfd *to)
{
	if (!r->eof_passed && r->input.ended && flow_empty(&r->input))
		pass_eof(r);
	r->keys_elsewhere = !r->input.ended && !keyboard_is_ours(r);
	flow_arm(&r->input, in, to);
	if (r->keys_elsewhere || r->hung)
		in->fd = -1;
	/* The hang-up of a terminal is seen at its output. */
	if (r->terminal && (r->hung || !to->events))
		to->fd = -1;
}

static void arm_output(struct run *r, struct pollfd *master,
		       struct pollfd *out)
{
	flow_arm(&r->output, master, out);
	if (r->hung)
		master->fd = -1;
}

static int arm(struct run *r, struct pollfd pfd[SLOTS])
{
	pfd[SIGNALS] = (struct pollfd){ r->signals.fd, POLLIN, 0 };
	pfd[STATUS] = (struct pollfd){ r->job->status_fd, POLLIN, 0 };
	arm_input(r, &pfd[IN], &pfd[TO_PROGRAM]);
	arm_output(r, &pfd[MASTER], &pfd[OUT]);
	return r->keys_elsewhere || r->hung ? LOOK_AGAIN_MS : -1;
}

static void run_input(struct run *r, struct pollfd *in, struct pollfd *to)
{
	if (r->terminal && to->revents & POLLHUP) {
		r->hung = true;
		to->revents = 0;
	}
	flow_run(&r->input, in, to);
	if (r->input.broken && !r->eof_passed)
		drop_input(r);
}

static void vanish(struct run *r)
{
	struct job *j = r->job;

	if (r->terminal)
		drop_input(r);
	close_fd(&j->master);
	r->output.from.fd = -1;
}

static void run_output(struct run *r, struct pollfd *master,
		       struct pollfd *out)
{
	flow_run(&r->output, master, out);
	if (r->output.broken && r->job->master >= 0) {
		vanish(r);
	} else if (r->output.ended && r->job->master >= 0) {
		r->output.ended = false;
		r->hung = true;
	}
}

static int take_status(struct run *r, struct failure *f)
{
	ssize_t n = read(r->job->status_fd, &r->status, sizeof(r->status));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n != sizeof(r->status)) {
		r->status = -1;
		return fail(f, STATUS_SYSTEM,
			    "the program's exit status was lost: its parent was killed");
	}
	r->ended = true;
	return 0;
}

static int pass_all(struct run *r, struct failure *f)
{
	struct pollfd pfd[SLOTS];

	while (!r->ended) {
		int patience = arm(r, pfd);
		int n = poll(pfd, SLOTS, patience);

		if (n < 0 && errno != EINTR)
			return fail_errno(f, 0, "cannot wait for the program");
		if (n <= 0) {
			r->hung = false;
			continue;
		}
		if (pfd[SIGNALS].revents)
			take_signals(r);
		run_input(r, &pfd[IN], &pfd[TO_PROGRAM]);
		run_output(r, &pfd[MASTER], &pfd[OUT]);
		if (pfd[STATUS].revents && take_status(r, f) < 0)
			return -1;
	}
	return 0;
}

/* The program is gone: a signal that would have ended it ends the wait for a
 * reader that does not read. */
static bool told_to_end(struct run *r)
{
	struct signalfd_siginfo info;

	while (signals_next(&r->signals, &info))
		if (info.ssi_signo == SIGHUP || info.ssi_signo == SIGINT ||
		    info.ssi_signo == SIGQUIT || info.ssi_signo == SIGTERM)
			return true;
	return false;
}

/* The last output.  Nothing to read now means nothing more to come, since
 * both poll(2) and read(2) push on what the kernel still has on the way. */
static void drain_output(struct run *r)
{
	struct pollfd pfd[3] = { { r->signals.fd, POLLIN, 0 } };

	r->output.ended = r->job->master < 0;
	while (!r->output.broken) {
		flow_fill(&r->output);
		if (flow_empty(&r->output))
			break;
		flow_arm(&r->output, &pfd[1], &pfd[2]);
		if (poll(pfd, 3, -1) < 0 && errno != EINTR)
			break;
		if (pfd[0].revents && told_to_end(r))
			break;
		flow_run(&r->output, &pfd[1], &pfd[2]);
	}
}

static void make_nonblocking(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static bool same_terminal(int a, int b)
{
	unsigned int na, nb;

	return a >= 0 && b >= 0 && ioctl(a, TIOCGPTN, &na) == 0 &&
	       ioctl(b, TIOCGPTN, &nb) == 0 && na == nb;
}

static int run_open(struct run *r, struct job *j, struct failure *f)
{
	sigset_t wanted;

	r->job = j;
	r->status = -1;
	wanted_signals(&wanted);
	if (signals_open(&r->signals, &wanted, f) < 0)
		return -1;

	make_nonblocking(j->to_program);
	make_nonblocking(j->master);
	r->terminal = same_terminal(j->to_program, j->master);
	flow_open(&r->input, j->in_fd, j->to_program);
	r->input.first = j->in_rest;
	r->input.first_len = j->in_rest_len;
	flow_open(&r->output, j->master, j->master < 0 ? -1 : j->out_fd);
	if (j->to_program < 0) {
		r->input.ended = true;
		r->eof_passed = true;
	}
	follow_size(r);
	return 0;
}

static void run_close(struct run *r)
{
	struct job *j = r->job;

	tty_restore(&r->tty);
	flow_close(&r->input);
	flow_close(&r->output);
	if (j->to_program == j->master)
		j->to_program = -1;
	close_fd(&j->to_program);
	close_fd(&j->master);
	signals_close(&r->signals);
}

int job_run(struct job *j, int *wait_status, struct failure *f)
{
	struct run *r = xcalloc(1, sizeof(*r));
	int rc = run_open(r, j, f);

	if (rc == 0) {
		rc = pass_all(r, f);
		drain_output(r);
		if (r->output.error && r->output.error != EPIPE) {
			errno = r->output.error;
			rc = fail_errno(f, STATUS_IO,
					"cannot write the program's output");
		}
		run_close(r);
	}
	*wait_status = r->status;
	free(r);
	return rc;
}

void job_hold_signals(sigset_t *old)
{
	sigset_t wanted;

	wanted_signals(&wanted);
	signals_hold(&wanted, old);
}

int job_exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) :
					  WEXITSTATUS(wait_status);
}
