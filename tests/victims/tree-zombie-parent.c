/* SPDX-License-Identifier: MIT */
/* tree-zombie-parent - a dead child of a child, and a live orphan
 *
 * The middle process has died: its child lives on under the subreaper; and a
 * child has a zombie of its own to wait for.
 */
#include "victim.h"

#include <sys/prctl.h>

static volatile pid_t *pids;

static void orphan(void)
{
	pids[1] = getpid();
	victim_wait();
	same(getppid(), pids[0]);
	_exit(9);
}

static void middle(void)
{
	victim_child(orphan);
	while (!pids[1])
		victim_sleep(0.001);
}

static void dies(void)
{
	_exit(13);
}

static void has_zombie(void)
{
	pid_t pid = victim_child(dies);
	siginfo_t info;

	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	pids[2] = 1;
	victim_wait();
	victim_reap(pid, 13);
}

void victim(void)
{
	siginfo_t info;
	pid_t pid, with;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pids = AREA_SHARED(4096);
	pids[0] = getpid();
	pid = victim_child(middle);
	with = victim_child(has_zombie);
	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	while (!pids[1] || !pids[2])
		victim_sleep(0.001);
	victim_move();
	victim_reap(pid, 0);
	victim_reap(pids[1], 9);
	victim_reap(with, 0);
}
