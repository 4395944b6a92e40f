/* SPDX-License-Identifier: MIT */
/* tree-stopped - a child stopped by SIGSTOP stays so until SIGCONT
 *
 * Its parent saw it stop before; after the move it sees it continue.
 */
#include "victim.h"

static volatile int *counter;

static void child(void)
{
	for (;;) {
		(*counter)++;
		victim_sleep(0.001);
	}
}

static char state(pid_t pid)
{
	int before = *counter;

	(void)pid;
	victim_sleep(0.05);
	return *counter == before ? 'T' : 'R';
}

void victim(void)
{
	int status;
	pid_t pid;

	counter = AREA_SHARED(4096);
	pid = victim_child(child);
	while (!*counter)
		victim_sleep(0.001);
	must(kill(pid, SIGSTOP));
	same(must(waitpid(pid, &status, WUNTRACED)), pid);
	check(WIFSTOPPED(status));
	same(state(pid), 'T');
	victim_move();
	same(state(pid), 'T');
	must(kill(pid, SIGCONT));
	same(must(waitpid(pid, &status, WCONTINUED)), pid);
	check(WIFCONTINUED(status));
	same(state(pid), 'R');
	must(kill(pid, SIGKILL));
	same(must(waitpid(pid, &status, 0)), pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
