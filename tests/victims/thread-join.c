/* SPDX-License-Identifier: MIT */
/* thread-join - threads end, are joined and are made anew after the move
 *
 * A join waits for the kernel to clear the word that set_tid_address(2), or
 * CLONE_CHILD_CLEARTID, gave it.  One join blocks already before the move.
 */
#include "victim.h"

#define THREADS	16

static volatile pid_t joiner_tid;
static pthread_t long_lived;

static void *lives(void *arg)
{
	victim_arrive();
	victim_wait();
	return arg;
}

static void *joins(void *arg)
{
	void *result;

	(void)arg;
	joiner_tid = syscall(SYS_gettid);
	victim_arrive();
	zero(pthread_join(long_lived, &result));
	same((long)result, 77);
	return NULL;
}

static void *brief(void *arg)
{
	return (char *)arg + 1;
}

void victim(void)
{
	pthread_t thread[THREADS], joiner;
	void *result;

	for (long i = 0; i < THREADS; i++)
		thread[i] = victim_thread(lives, (void *)i);
	long_lived = victim_thread(lives, (void *)77);
	joiner = victim_thread(joins, NULL);
	victim_gather(THREADS + 2);
	/* futex */
	victim_blocked(joiner_tid, 202);
	victim_move();
	zero(pthread_join(joiner, NULL));
	for (long i = THREADS - 1; i >= 0; i--) {
		zero(pthread_join(thread[i], &result));
		same((long)result, i);
	}
	for (long i = 0; i < 100; i++) {
		zero(pthread_join(victim_thread(brief, (void *)i), &result));
		same((long)result, i + 1);
	}
}
