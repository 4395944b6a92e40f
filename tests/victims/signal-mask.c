/* SPDX-License-Identifier: MIT */
/* signal-mask - each thread blocks other signals, the last ones included */
#include "victim.h"

#define THREADS	6

static void *run(void *arg)
{
	sigset_t set, now;

	sigemptyset(&set);
	for (int s = 1 + (long)arg; s <= SIGRTMAX; s += 2 + (long)arg)
		sigaddset(&set, s);
	zero(pthread_sigmask(SIG_SETMASK, &set, NULL));
	zero(pthread_sigmask(SIG_SETMASK, NULL, &set));
	victim_arrive();
	victim_wait();
	zero(pthread_sigmask(SIG_SETMASK, NULL, &now));
	for (int s = 1; s <= 64; s++)
		same(sigismember(&now, s), sigismember(&set, s));
	return NULL;
}

void victim(void)
{
	pthread_t thread[THREADS];

	for (long i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)i);
	victim_gather(THREADS);
	victim_move();
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
