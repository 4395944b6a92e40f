/* SPDX-License-Identifier: MIT */
/* tree-subreaper - orphans come to their subreaper, also after the move */
#include "victim.h"

#include <sys/prctl.h>

static volatile pid_t *orphan;

static void grandchild(void)
{
	*orphan = getpid();
	victim_wait();
	while (getppid() == *(orphan + 1))
		victim_sleep(0.001);
	same(getppid(), orphan[2]);
	_exit(21);
}

static void child(void)
{
	orphan[1] = getpid();
	victim_child(grandchild);
	victim_wait();
}

void victim(void)
{
	int now;
	pid_t pid;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	orphan = AREA_SHARED(4096);
	orphan[2] = getpid();
	pid = victim_child(child);
	while (!*orphan)
		victim_sleep(0.001);
	victim_move();
	must(prctl(PR_GET_CHILD_SUBREAPER, &now));
	same(now, 1);
	victim_reap(pid, 0);
	victim_reap(*orphan, 21);
}
