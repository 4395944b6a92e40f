/* SPDX-License-Identifier: MIT */
/* sched-nice - a nice value for each thread, in both directions */
/* ways: -as because it takes CAP_SYS_NICE */
#include "victim.h"

#include <sys/resource.h>

static const int nices[] = { 5, -5, 19, 0, -20 };
#define THREADS	(int)(sizeof(nices) / sizeof(*nices))

static void is(int nice)
{
	errno = 0;
	same(getpriority(PRIO_PROCESS, 0), nice);
	same(errno, 0);
}

static void *run(void *arg)
{
	int nice = *(const int *)arg;

	must(setpriority(PRIO_PROCESS, 0, nice));
	victim_arrive();
	victim_wait();
	is(nice);
	return NULL;
}

void victim(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)&nices[i]);
	victim_gather(THREADS);
	must(setpriority(PRIO_PROCESS, 0, 3));
	victim_move();
	is(3);
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
