/* SPDX-License-Identifier: MIT */
/* tree-threads - ten children with ten threads each */
#include "victim.h"

#define CHILDREN	10
#define THREADS	10

static volatile int *arrived;
static int number;

static void *run(void *arg)
{
	pid_t tid = syscall(SYS_gettid);

	__atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
	victim_wait();
	same(syscall(SYS_gettid), tid);
	return (char *)arg + number;
}

static void child(void)
{
	pthread_t thread[THREADS];
	void *result;

	for (long i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)(i * 100));
	for (long i = 0; i < THREADS; i++) {
		zero(pthread_join(thread[i], &result));
		same((long)result, i * 100 + number);
	}
	_exit(number);
}

void victim(void)
{
	pid_t pid[CHILDREN];

	arrived = AREA_SHARED(4096);
	for (number = 0; number < CHILDREN; number++)
		pid[number] = victim_child(child);
	while (*arrived < CHILDREN * THREADS)
		victim_sleep(0.001);
	victim_move();
	for (int i = 0; i < CHILDREN; i++)
		victim_reap(pid[i], i);
}
