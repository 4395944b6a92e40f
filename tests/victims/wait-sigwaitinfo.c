/* SPDX-License-Identifier: MIT */
/* wait-sigwaitinfo - sigwaitinfo(2) takes the signal that comes after the move
 *
 * Being stopped may end it with EINTR (signal(7)); then it is repeated.
 */
#include "victim.h"

static volatile pid_t tid;

static void *run(void *arg)
{
	siginfo_t info;
	sigset_t set;
	int got;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 4);
	tid = syscall(SYS_gettid);
	victim_arrive();
	do
		got = sigwaitinfo(&set, &info);
	while (got < 0 && errno == EINTR);
	same(got, SIGRTMIN + 4);
	same(info.si_int, 4711);
	return NULL;
}

void victim(void)
{
	union sigval value = { .sival_int = 4711 };
	pthread_t thread;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 4);
	zero(pthread_sigmask(SIG_BLOCK, &set, NULL));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(tid, SYS_rt_sigtimedwait);
	victim_move();
	must(sigqueue(getpid(), SIGRTMIN + 4, value));
	zero(pthread_join(thread, NULL));
}
