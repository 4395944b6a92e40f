/* SPDX-License-Identifier: MIT */
/* sched-affinity - each thread stays on the processors it was given */
#include "victim.h"

#include <sched.h>

#define THREADS	8

static cpu_set_t all;

/* One processor of those there are: the (n mod count)th. */
static cpu_set_t nth(long n)
{
	cpu_set_t set;
	int cpu;

	n %= CPU_COUNT(&all);
	for (cpu = 0; !CPU_ISSET(cpu, &all) || n--; cpu++)
		;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return set;
}

static void *run(void *arg)
{
	cpu_set_t set = nth((long)arg), now;

	must(sched_setaffinity(0, sizeof(set), &set));
	victim_arrive();
	victim_wait();
	must(sched_getaffinity(0, sizeof(now), &now));
	check(CPU_EQUAL(&now, &set));
	check(CPU_ISSET(sched_getcpu(), &set));
	return NULL;
}

void victim(void)
{
	pthread_t thread[THREADS];
	cpu_set_t now;

	must(sched_getaffinity(0, sizeof(all), &all));
	if (CPU_COUNT(&all) < 2)
		victim_skip("there is one processor only");
	for (long i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)i);
	victim_gather(THREADS);
	victim_move();
	must(sched_getaffinity(0, sizeof(now), &now));
	check(CPU_EQUAL(&now, &all));
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
