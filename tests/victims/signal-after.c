/* SPDX-License-Identifier: MIT */
/* signal-after - signals after the move do what they should
 *
 * SA_RESTART: a blocked read goes on; without it, EINTR.  SA_NODEFER nests,
 * SA_RESETHAND works once, a siginfo says who sent it.
 */
#include "victim.h"

static int ends[2];
static volatile int calls, depth, deepest;
static volatile pid_t reader_tid, sender;

static void count(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	sender = info->si_pid;
	calls++;
}

static void nests(int signal)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (depth < 3)
		raise(signal);
	depth--;
}

static void on(int signal, void *handler, int flags)
{
	struct sigaction sa = { .sa_flags = flags };

	sa.sa_handler = handler;
	must(sigaction(signal, &sa, NULL));
}

static void *reader(void *arg)
{
	char byte = 0;

	(void)arg;
	reader_tid = syscall(SYS_gettid);
	victim_arrive();
	/* SIGUSR1 restarts it, SIGUSR2 does not. */
	refused(read(ends[0], &byte, 1), EINTR);
	same(calls, 2);
	same(sender, getpid());
	return NULL;
}

void victim(void)
{
	pthread_t thread;

	must(pipe(ends));
	on(SIGUSR1, count, SA_SIGINFO | SA_RESTART);
	on(SIGUSR2, count, SA_SIGINFO);
	on(SIGRTMIN, nests, SA_NODEFER);
	on(SIGRTMIN + 1, nests, 0);
	on(SIGRTMIN + 2, nests, SA_RESETHAND);
	on(SIGHUP, SIG_IGN, 0);
	thread = victim_thread(reader, NULL);
	victim_gather(1);
	victim_blocked(reader_tid, SYS_read);
	victim_move();
	zero(pthread_kill(thread, SIGUSR1));
	while (calls < 1)
		victim_sleep(0.001);
	zero(pthread_kill(thread, SIGUSR2));
	zero(pthread_join(thread, NULL));
	raise(SIGRTMIN);
	same(deepest, 3);
	depth = 2;
	deepest = 0;
	raise(SIGRTMIN + 1);
	same(deepest, 3);
	raise(SIGHUP);
	raise(SIGRTMIN + 2);
	check(signal(SIGRTMIN + 2, SIG_IGN) == SIG_DFL);
}
