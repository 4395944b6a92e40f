/* SPDX-License-Identifier: MIT */
/* pass.c - the keyboard of a program that has moved */
#include "job/pass.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/list.h"
#include "job/flow.h"
#include "job/pty.h"
#include "job/signals.h"

/* In the background nothing tells us that we have come to the foreground. */
#define LOOK_AGAIN_MS	250

enum slot { SIGNALS, IN, OUT, SLOTS };

/* Those that would leave the terminal raw, by ending or stopping us. */
static const int caught[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU,
	SIGTSTP, SIGCONT,
};

struct pass {
	struct signals signals;
	struct tty_saved tty;
	struct flow flow;
	int in;
	bool raw;
};

static int pass_open(struct pass *p, int in, int out, bool raw,
		     struct failure *f)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		sigaddset(&wanted, caught[i]);
	if (signals_open(&p->signals, &wanted, f) < 0)
		return -1;
	p->in = in;
	p->raw = raw && isatty(in);
	flow_open(&p->flow, in, out);
	return 0;
}

static void take_signals(struct pass *p)
{
	struct signalfd_siginfo info;

	while (signals_next(&p->signals, &info)) {
		if (info.ssi_signo == SIGCONT) {
			tty_forget(&p->tty);
			continue;
		}
		tty_restore(&p->tty);
		if (info.ssi_signo != SIGTSTP)
			signals_die(&p->signals, info.ssi_signo);
		signals_suspend();
	}
}

static int arm(struct pass *p, struct pollfd pfd[SLOTS])
{
	bool elsewhere = tty_background(p->in);

	if (p->raw && !elsewhere)
		tty_raw(p->in, &p->tty);
	pfd[SIGNALS] = (struct pollfd){ p->signals.fd, POLLIN, 0 };
	flow_arm(&p->flow, &pfd[IN], &pfd[OUT]);
	if (elsewhere)
		pfd[IN].fd = -1;
	return elsewhere ? LOOK_AGAIN_MS : -1;
}

static bool finished(const struct pass *p)
{
	return p->flow.ended && flow_empty(&p->flow);
}

static int copy(struct pass *p, struct failure *f)
{
	struct pollfd pfd[SLOTS];

	while (!finished(p)) {
		int patience = arm(p, pfd);
		int n = poll(pfd, SLOTS, patience);

		if (n < 0 && errno != EINTR)
			return fail_errno(f, 0, "cannot wait for input");
		if (n <= 0)
			continue;
		if (pfd[SIGNALS].revents)
			take_signals(p);
		flow_run(&p->flow, &pfd[IN], &pfd[OUT]);
	}
	errno = p->flow.error;
	if (p->flow.broken && errno != EPIPE && errno != ECONNRESET)
		return fail_errno(f, STATUS_IO, "cannot pass input on");
	return 0;
}

int pass_stdin(int in, int out, bool raw, struct failure *f)
{
	struct pass *p = xcalloc(1, sizeof(*p));
	int rc = pass_open(p, in, out, raw, f);

	if (rc == 0) {
		rc = copy(p, f);
		tty_restore(&p->tty);
		flow_close(&p->flow);
		signals_close(&p->signals);
	}
	free(p);
	return rc;
}
