/* SPDX-License-Identifier: MIT */
/* tree-session - a child that leads a session, and one born in it */
#include "victim.h"

static volatile pid_t *pids;

static void grandchild(void)
{
	pids[2] = getpid();
	victim_wait();
	same(getsid(0), pids[1]);
	same(getpgrp(), pids[1]);
	/* Not a leader, so it may start a session after the move. */
	same(setsid(), getpid());
	while (!pids[3])
		victim_sleep(0.001);
}

static void child(void)
{
	pid_t pid;

	pids[1] = must(setsid());
	pid = victim_child(grandchild);
	victim_wait();
	same(getsid(0), getpid());
	same(getpgrp(), getpid());
	refused(setsid(), EPERM);
	victim_reap(pid, 0);
}

void victim(void)
{
	pid_t pid;

	pids = AREA_SHARED(4096);
	pids[0] = getsid(0);
	pid = victim_child(child);
	while (!pids[2])
		victim_sleep(0.001);
	victim_move();
	same(getsid(0), pids[0]);
	same(getsid(pid), pid);
	/* It may have left by now. */
	check(getsid(pids[2]) == pid || getsid(pids[2]) == pids[2]);
	pids[3] = 1;
	victim_reap(pid, 0);
}
