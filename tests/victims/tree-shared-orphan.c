/* SPDX-License-Identifier: MIT */
/* tree-shared-orphan - memory shared by two children whose parent, that made
 * it, no longer has it; and a mutex in it */
#include "victim.h"

static struct shared {
	pthread_mutex_t mutex;
	volatile int arrived, count;
} *shared;

static void child(void)
{
	__atomic_fetch_add(&shared->arrived, 1, __ATOMIC_SEQ_CST);
	victim_wait();
	for (int i = 0; i < 10000; i++) {
		zero(pthread_mutex_lock(&shared->mutex));
		shared->count++;
		zero(pthread_mutex_unlock(&shared->mutex));
	}
	__atomic_fetch_add(&shared->arrived, 1, __ATOMIC_SEQ_CST);
	while (shared->arrived < 4)
		victim_sleep(0.001);
	same(shared->count, 20000);
}

void victim(void)
{
	pthread_mutexattr_t attr;
	pid_t a, b;

	shared = AREA_SHARED(4096);
	zero(pthread_mutexattr_init(&attr));
	zero(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED));
	zero(pthread_mutex_init(&shared->mutex, &attr));
	a = victim_child(child);
	b = victim_child(child);
	while (shared->arrived < 2)
		victim_sleep(0.001);
	must(munmap(shared, 4096));
	victim_move();
	victim_reap(a, 0);
	victim_reap(b, 0);
}
