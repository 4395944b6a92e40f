/* SPDX-License-Identifier: MIT */
/* wait-pause - pause(2) ends with the first signal, not with the move */
#include "victim.h"

static volatile pid_t tid;
static volatile int got, over;

static void handler(int signal)
{
	got = signal;
}

static void *run(void *arg)
{
	(void)arg;
	tid = syscall(SYS_gettid);
	victim_arrive();
	refused(pause(), EINTR);
	over = 1;
	return NULL;
}

void victim(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	pthread_t thread;

	must(sigaction(SIGUSR1, &sa, NULL));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(tid, SYS_pause);
	victim_move();
	victim_sleep(0.02);
	same(over, 0);
	zero(pthread_kill(thread, SIGUSR1));
	zero(pthread_join(thread, NULL));
	same(got, SIGUSR1);
}
