/* SPDX-License-Identifier: MIT */
/* timer-alarm - alarm(2) kills the child, and not before its time */
#include "victim.h"

#define SECONDS	2
#define LATE	0.7

static void child(void)
{
	alarm(SECONDS);
	for (;;)
		pause();
}

void victim(void)
{
	double begin = victim_now(), took;
	pid_t pid = victim_child(child);
	int status;

	victim_sleep(SECONDS / 2.0);
	victim_move();
	same(waitpid(pid, &status, 0), pid);
	took = victim_now() - begin;
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	if (took < SECONDS - 0.01 || took - victim_frozen() > SECONDS + LATE)
		victim_fail("the alarm of %d s went off after %.3f, %.3f of "
			    "them frozen", SECONDS, took, victim_frozen());
}
