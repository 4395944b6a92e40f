/* SPDX-License-Identifier: MIT */
/* pty-hangup - after the move the master is closed: SIGHUP to the session */
#include "ptys.h"

static void session(void)
{
	victim_ready();
	for (;;)
		pause();
}

void victim(void)
{
	char name[64];
	int master = open_master(name), status;
	pid_t pid = terminal_child(master, name, session);

	victim_wait();
	close(master);
	same(waitpid(pid, &status, 0), pid);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP);
}
