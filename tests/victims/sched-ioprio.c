/* SPDX-License-Identifier: MIT */
/* sched-ioprio - the input and output priority of each thread */
/* ways: -as because it takes CAP_SYS_NICE */
#include "victim.h"

#define CLASS(class, level)	((class) << 13 | (level))
#define OF_PROCESS	1

static const int priorities[] = { CLASS(2, 1), CLASS(3, 0), CLASS(1, 4), 0 };
#define THREADS	(int)(sizeof(priorities) / sizeof(*priorities))

static void *run(void *arg)
{
	int was = *(const int *)arg;

	must(syscall(SYS_ioprio_set, OF_PROCESS, 0, was));
	/* None reads as what follows from the nice value, so by what it is. */
	was = must(syscall(SYS_ioprio_get, OF_PROCESS, 0));
	victim_arrive();
	victim_wait();
	same(must(syscall(SYS_ioprio_get, OF_PROCESS, 0)), was);
	return NULL;
}

void victim(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)&priorities[i]);
	victim_gather(THREADS);
	victim_move();
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
