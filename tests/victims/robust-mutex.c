/* SPDX-License-Identifier: MIT */
/* robust-mutex - an owner that dies after the move is found dead
 *
 * The kernel walks the list that set_robust_list(2) named when a thread ends,
 * in threads and in processes that share the mutex.
 */
#include "victim.h"

static struct shared {
	pthread_mutex_t in_thread, in_child;
	volatile int child_has_it;
} *shared;

static void *owner(void *arg)
{
	(void)arg;
	zero(pthread_mutex_lock(&shared->in_thread));
	victim_arrive();
	victim_wait();
	return NULL;
}

static void child(void)
{
	zero(pthread_mutex_lock(&shared->in_child));
	shared->child_has_it = 1;
	victim_wait();
	raise(SIGKILL);
}

static void died(pthread_mutex_t *mutex)
{
	same(pthread_mutex_lock(mutex), EOWNERDEAD);
	zero(pthread_mutex_consistent(mutex));
	zero(pthread_mutex_unlock(mutex));
	zero(pthread_mutex_lock(mutex));
}

void victim(void)
{
	pthread_mutexattr_t attr;
	pthread_t thread;

	shared = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	zero(pthread_mutexattr_init(&attr));
	zero(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST));
	zero(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED));
	zero(pthread_mutex_init(&shared->in_thread, &attr));
	zero(pthread_mutex_init(&shared->in_child, &attr));
	thread = victim_thread(owner, NULL);
	victim_child(child);
	victim_gather(1);
	while (!shared->child_has_it)
		victim_sleep(0.001);
	victim_move();
	died(&shared->in_thread);
	died(&shared->in_child);
	zero(pthread_join(thread, NULL));
	must(wait(NULL));
}
