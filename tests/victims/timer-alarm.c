/* SPDX-License-Identifier: MIT */
/* timer-alarm - alarm(2) kills a child, and not before its time */
#define SECONDS	2
#include "timed.h"

static void child(void)
{
	alarm(SECONDS);
	for (;;)
		pause();
}

static void timed_wait(void)
{
	pid_t pid = victim_child(child);
	int status;

	same(must(waitpid(pid, &status, 0)), pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}
