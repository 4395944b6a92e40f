/* SPDX-License-Identifier: MIT */
/* tree-death-signal - PR_SET_PDEATHSIG: the parent's death after the move is
 * told to the child */
#include "victim.h"

#include <sys/prctl.h>

static volatile int *state;

static void handler(int signal)
{
	*state = signal;
	_exit(0);
}

static void grandchild(void)
{
	signal(SIGRTMIN + 2, handler);
	must(prctl(PR_SET_PDEATHSIG, SIGRTMIN + 2));
	*state = 1;
	victim_wait();
	*state = 2;
	for (;;)
		pause();
}

static void child(void)
{
	int now;

	victim_child(grandchild);
	victim_wait();
	must(prctl(PR_GET_PDEATHSIG, &now));
	same(now, 0);
	while (*state != 2)
		victim_sleep(0.001);
}

void victim(void)
{
	pid_t pid;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	state = AREA_SHARED(4096);
	pid = victim_child(child);
	while (!*state)
		victim_sleep(0.001);
	victim_move();
	victim_reap(pid, 0);
	while (*state == 2)
		victim_sleep(0.001);
	same(*state, SIGRTMIN + 2);
	/* It came to the subreaper. */
	must(wait(NULL));
}
