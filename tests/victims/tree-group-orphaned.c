/* SPDX-License-Identifier: MIT */
/* tree-group-orphaned - a group, and a session, whose leader is dead and gone
 *
 * The number of the leader is still the name of the group and session.
 */
#include "victim.h"

#include <sys/prctl.h>

static volatile pid_t *pids;

static void in_session(void)
{
	pids[1] = getpid();
	victim_wait();
	same(getsid(0), pids[3]);
	same(getpgrp(), pids[3]);
}

static void leads_session(void)
{
	pids[3] = must(setsid());
	victim_child(in_session);
	while (!pids[1])
		victim_sleep(0.001);
}

static void in_group(void)
{
	pids[2] = getpid();
	victim_wait();
	same(getpgrp(), pids[4]);
	same(getsid(0), pids[0]);
}

static void leads_group(void)
{
	must(setpgid(0, 0));
	pids[4] = getpid();
	victim_child(in_group);
	while (!pids[2])
		victim_sleep(0.001);
}

void victim(void)
{
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pids = AREA_SHARED(4096);
	pids[0] = getsid(0);
	victim_reap(victim_child(leads_session), 0);
	victim_reap(victim_child(leads_group), 0);
	victim_move();
	victim_reap(pids[1], 0);
	victim_reap(pids[2], 0);
}
