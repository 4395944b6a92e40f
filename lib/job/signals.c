/* SPDX-License-Identifier: MIT */
/* signals.c - signals that are waited for with everything else, by poll(2) */
#include "job/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static bool ignored(int sig)
{
	struct sigaction sa;

	return sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN;
}

static sigset_t without_ignored(const sigset_t *wanted)
{
	sigset_t set = *wanted;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (ignored(sig))
			sigdelset(&set, sig);
	return set;
}

void signals_hold(const sigset_t *wanted, sigset_t *old)
{
	sigset_t set = without_ignored(wanted);

	sigprocmask(SIG_BLOCK, &set, old);
}

int signals_open(struct signals *s, const sigset_t *wanted, struct failure *f)
{
	sigset_t set = without_ignored(wanted);

	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);

	s->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->fd < 0)
		return fail_errno(f, 0, "cannot wait for signals");
	sigprocmask(SIG_BLOCK, &set, &s->old);
	return 0;
}

bool signals_next(struct signals *s, struct signalfd_siginfo *info)
{
	do {
		if (read(s->fd, info, sizeof(*info)) != sizeof(*info))
			return false;
	} while (info->ssi_signo == SIGPIPE || info->ssi_signo == SIGXFSZ);
	return true;
}

void signals_close(struct signals *s)
{
	struct signalfd_siginfo info;

	while (signals_next(s, &info))
		;
	close(s->fd);
	s->fd = -1;
	sigprocmask(SIG_SETMASK, &s->old, NULL);
}

static void let_through(int sig)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void signals_suspend(void)
{
	const struct timespec at_once = { 0 };
	sigset_t cont;

	let_through(SIGTSTP);
	sigemptyset(&cont);
	sigaddset(&cont, SIGCONT);
	sigtimedwait(&cont, NULL, &at_once);
}

void signals_die(struct signals *s, int sig)
{
	signals_close(s);
	signal(sig, SIG_DFL);
	let_through(sig);
	_exit(128 + sig);
}
