/* SPDX-License-Identifier: MIT */
/* wait-sigsuspend - sigsuspend(2) with a mask that is in force meanwhile only */
#include "victim.h"

static volatile pid_t tid;
static volatile int got;

static void handler(int signal)
{
	got = got * 100 + signal;
}

static void *run(void *arg)
{
	sigset_t blocked, only, now;

	(void)arg;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGUSR2);
	zero(pthread_sigmask(SIG_SETMASK, &blocked, NULL));
	sigfillset(&only);
	sigdelset(&only, SIGUSR1);
	tid = syscall(SYS_gettid);
	victim_arrive();
	refused(sigsuspend(&only), EINTR);
	same(got, SIGUSR1);
	zero(pthread_sigmask(SIG_SETMASK, NULL, &now));
	same(sigismember(&now, SIGUSR1), 1);
	same(sigismember(&now, SIGUSR2), 1);
	same(sigismember(&now, SIGTERM), 0);
	return NULL;
}

void victim(void)
{
	struct sigaction sa = { .sa_handler = handler };
	pthread_t thread;

	must(sigaction(SIGUSR1, &sa, NULL));
	must(sigaction(SIGUSR2, &sa, NULL));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(tid, SYS_rt_sigsuspend);
	victim_move();
	/* Not what it waits for: it must stay blocked. */
	zero(pthread_kill(thread, SIGUSR2));
	victim_sleep(0.02);
	same(got, 0);
	zero(pthread_kill(thread, SIGUSR1));
	zero(pthread_join(thread, NULL));
}
