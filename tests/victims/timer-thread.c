/* SPDX-License-Identifier: MIT */
/* timer-thread - timers that tell one thread (SIGEV_THREAD_ID), and the C
 * library's that start a thread (SIGEV_THREAD) */
#include "victim.h"

static _Thread_local volatile int mine;
static volatile int others, called;
static volatile pid_t tid;

static void handler(int signal)
{
	(void)signal;
	if (syscall(SYS_gettid) == tid)
		mine++;
	else
		others++;
}

static void notify(union sigval value)
{
	called += value.sival_int;
}

static void *run(void *arg)
{
	int before;

	tid = syscall(SYS_gettid);
	victim_arrive();
	victim_wait();
	before = mine;
	while (mine < before + 5)
		victim_sleep(0.001);
	return arg;
}

void victim(void)
{
	struct itimerspec it = { { 0, 5000000 }, { 0, 5000000 } };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = SIGUSR1 };
	pthread_t thread;
	timer_t timer, starts;
	int before;

	must(sigaction(SIGUSR1, &sa, NULL));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	/* sigev_notify_thread_id, which glibc gives no name */
	event._sigev_un._tid = tid;
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &it, NULL));
	event = (struct sigevent){ .sigev_notify = SIGEV_THREAD,
				   .sigev_value.sival_int = 1,
				   .sigev_notify_function = notify };
	must(timer_create(CLOCK_MONOTONIC, &event, &starts));
	must(timer_settime(starts, 0, &it, NULL));
	while (called < 3)
		victim_sleep(0.001);
	victim_move();
	before = called;
	while (called < before + 3)
		victim_sleep(0.001);
	zero(pthread_join(thread, NULL));
	must(timer_delete(timer));
	must(timer_delete(starts));
	same(others, 0);
}
