/* SPDX-License-Identifier: MIT */
/* tree-fifty - fifty children, reaped one by one with their statuses */
#include "victim.h"

#define CHILDREN	50

static volatile int *arrived;
static int number;

static void child(void)
{
	__atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
	victim_wait();
	_exit(number);
}

void victim(void)
{
	pid_t pid[CHILDREN];

	arrived = AREA_SHARED(4096);
	for (number = 0; number < CHILDREN; number++)
		pid[number] = victim_child(child);
	while (*arrived < CHILDREN)
		victim_sleep(0.001);
	victim_move();
	for (int i = CHILDREN - 1; i >= 0; i--)
		victim_reap(pid[i], i);
	refused(wait(NULL), ECHILD);
}
