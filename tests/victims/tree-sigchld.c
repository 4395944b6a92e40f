/* SPDX-License-Identifier: MIT */
/* tree-sigchld - SIGCHLD comes for children that end after the move, and
 * with SA_NOCLDWAIT none is left as a zombie */
#include "victim.h"

static volatile int children, last_status;
static volatile pid_t last;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	children++;
	last = info->si_pid;
	last_status = info->si_status;
}

static void child(void)
{
	victim_wait();
	_exit(12);
}

static void forgets(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL,
				.sa_flags = SA_NOCLDWAIT };

	must(sigaction(SIGCHLD, &sa, NULL));
	victim_child(child);
	victim_ready();
	victim_wait();
	/* Waits for all of them to be gone, and has no status to tell. */
	refused(wait(NULL), ECHILD);
}

void victim(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_RESTART };
	pid_t a, b;

	sa.sa_sigaction = handler;
	must(sigaction(SIGCHLD, &sa, NULL));
	a = victim_child(child);
	b = victim_child(forgets);
	victim_wait();
	while (children < 1)
		victim_sleep(0.001);
	while (waitpid(a, NULL, WNOHANG) == 0)
		victim_sleep(0.001);
	victim_reap(b, 0);
	while (children < 1)
		victim_sleep(0.001);
	check(last == a || last == b);
	check(last_status == 12 || last_status == 0);
}
