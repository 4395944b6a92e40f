/* SPDX-License-Identifier: MIT */
/* tree-groups - process groups: whose leader lives, is dead, was never ours
 *
 * A signal to a group reaches its members and nobody else.
 */
#include "victim.h"

#define CHILDREN	4

static volatile int *arrived, *heard;
static int number;
static pid_t group;

static void handler(int signal)
{
	(void)signal;
	__atomic_fetch_add(heard, 1, __ATOMIC_SEQ_CST);
	_exit(100 + number);
}

static void child(void)
{
	signal(SIGUSR1, handler);
	/* The first leads a group, the second is in it; the third is too,
	 * but leaves again; the fourth is not. */
	if (number == 0)
		must(setpgid(0, 0));
	else if (number < 3)
		must(setpgid(0, group));
	if (number == 2)
		must(setpgid(0, getppid()));
	__atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
	victim_wait();
	same(getpgrp(), number < 2 ? group : getppid());
	if (number < 2)
		for (;;)
			pause();
}

void victim(void)
{
	pid_t pid[CHILDREN];

	arrived = AREA_SHARED(4096);
	heard = arrived + 1;
	same(getpgrp(), getpid());
	for (number = 0; number < CHILDREN; number++) {
		pid[number] = must(fork());
		if (pid[number] == 0) {
			if (number == 0)
				group = getpid();
			child();
			_exit(0);
		}
		group = pid[0];
		while (*arrived <= number)
			victim_sleep(0.001);
	}
	victim_move();
	same(getpgrp(), getpid());
	for (int i = 0; i < CHILDREN; i++)
		same(getpgid(pid[i]), i < 2 ? pid[0] : getpid());
	victim_reap(pid[2], 0);
	victim_reap(pid[3], 0);
	/* Children check their group before they pause. */
	must(kill(-pid[0], SIGUSR1));
	victim_reap(pid[0], 100);
	victim_reap(pid[1], 101);
	same(*heard, 2);
}
