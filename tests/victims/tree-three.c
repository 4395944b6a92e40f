/* SPDX-License-Identifier: MIT */
/* tree-three - parent, child, grandchild: who is whose, and exit statuses */
#include "victim.h"

static volatile pid_t *pids;

static void grandchild(void)
{
	pids[2] = getpid();
	victim_wait();
	same(getpid(), pids[2]);
	same(getppid(), pids[1]);
	_exit(44);
}

static void child(void)
{
	pid_t pid;

	pids[1] = getpid();
	pid = victim_child(grandchild);
	victim_wait();
	same(getpid(), pids[1]);
	same(getppid(), pids[0]);
	same(pid, pids[2]);
	victim_reap(pid, 44);
	_exit(55);
}

void victim(void)
{
	pid_t pid;

	pids = AREA_SHARED(4096);
	pids[0] = getpid();
	pid = victim_child(child);
	while (!pids[2])
		victim_sleep(0.001);
	victim_move();
	same(getpid(), pids[0]);
	same(pid, pids[1]);
	must(kill(pid, 0));
	victim_reap(pid, 55);
	refused(kill(pid, 0), ESRCH);
	refused(waitpid(-1, NULL, 0), ECHILD);
}
