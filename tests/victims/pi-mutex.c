/* SPDX-License-Identifier: MIT */
/* pi-mutex - mutexes with priority inheritance: one held, one waited for */
#include "victim.h"

static pthread_mutex_t mutex;
static volatile pid_t waiter;
static int got;

static void *run(void *arg)
{
	waiter = syscall(SYS_gettid);
	victim_arrive();
	zero(pthread_mutex_lock(&mutex));
	got++;
	zero(pthread_mutex_unlock(&mutex));
	return arg;
}

void victim(void)
{
	pthread_mutexattr_t attr;
	pthread_t thread;

	zero(pthread_mutexattr_init(&attr));
	zero(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT));
	zero(pthread_mutex_init(&mutex, &attr));
	zero(pthread_mutex_lock(&mutex));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	/* futex */
	victim_blocked(waiter, 202);
	victim_move();
	same(got, 0);
	zero(pthread_mutex_unlock(&mutex));
	zero(pthread_join(thread, NULL));
	same(got, 1);
	zero(pthread_mutex_lock(&mutex));
}
