/* SPDX-License-Identifier: MIT */
/* tree-thread-parent - children of threads; one whose thread has ended is
 * the process's */
#include "victim.h"

static pid_t pid_of_ended;

static void child(void)
{
	victim_wait();
	_exit(8);
}

static void *ends(void *arg)
{
	pid_of_ended = victim_child(child);
	return arg;
}

static void *waits(void *arg)
{
	pid_t pid = victim_child(child);

	victim_arrive();
	victim_wait();
	victim_reap(pid, 8);
	return arg;
}

void victim(void)
{
	pthread_t thread;

	zero(pthread_join(victim_thread(ends, NULL), NULL));
	thread = victim_thread(waits, NULL);
	victim_gather(1);
	victim_move();
	zero(pthread_join(thread, NULL));
	victim_reap(pid_of_ended, 8);
}
