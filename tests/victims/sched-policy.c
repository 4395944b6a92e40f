/* SPDX-License-Identifier: MIT */
/* sched-policy - scheduling policy and priority of each thread */
/* ways: -as because it takes CAP_SYS_NICE */
#include "victim.h"

#include <sched.h>

static const struct row {
	int policy, priority;
} rows[] = {
	{ SCHED_OTHER, 0 },
	{ SCHED_BATCH, 0 },
	{ SCHED_IDLE, 0 },
	{ SCHED_FIFO, 3 },
	{ SCHED_RR, 7 },
	{ SCHED_FIFO | SCHED_RESET_ON_FORK, 1 },
};
#define THREADS	(int)(sizeof(rows) / sizeof(*rows))

static void *run(void *arg)
{
	const struct row *row = arg;
	struct sched_param param = { .sched_priority = row->priority };

	must(sched_setscheduler(0, row->policy, &param));
	victim_arrive();
	victim_wait();
	same(sched_getscheduler(0), row->policy);
	must(sched_getparam(0, &param));
	same(param.sched_priority, row->priority);
	return NULL;
}

void victim(void)
{
	struct sched_param param = { .sched_priority = 0 };
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)&rows[i]);
	must(sched_setscheduler(0, SCHED_BATCH, &param));
	victim_gather(THREADS);
	victim_move();
	same(sched_getscheduler(0), SCHED_BATCH);
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
