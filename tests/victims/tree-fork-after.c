/* SPDX-License-Identifier: MIT */
/* tree-fork-after - fork, vfork, clone and threads in children, after the
 * move */
#include "victim.h"

static int here = 1;

static void *thread(void *arg)
{
	here++;
	return arg;
}

static void grandchild(void)
{
	zero(pthread_join(victim_thread(thread, NULL), NULL));
	same(here, 3);
	_exit(4);
}

static void child(void)
{
	here = 2;
	victim_reap(victim_child(grandchild), 4);
	_exit(3);
}

void victim(void)
{
	pid_t pid, mine = getpid();

	victim_move();
	for (int i = 0; i < 10; i++)
		victim_reap(victim_child(child), 3);
	same(here, 1);
	pid = vfork();
	if (pid == 0)
		_exit(6);
	victim_reap(must(pid), 6);
	same(system("exit 5") >> 8, 5);
	same(getpid(), mine);
}
