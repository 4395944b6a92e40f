/* SPDX-License-Identifier: MIT */
/* unix-shared-fork - one end that two processes have is one end */
#include "unix.h"

static int ends[2], told[2];

static void child(void)
{
	char c;

	victim_wait();
	/* After the parent's half. */
	same(read(told[0], &c, 1), 1);
	unix_hear(ends[1], "67890");
	close(ends[0]);
}

void victim(void)
{
	char got[8];
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, told));
	unix_say(ends[0], "1234567890");
	pid = victim_child(child);
	victim_move();
	same(read(ends[1], got, 5), 5);
	same(memcmp(got, "12345", 5), 0);
	unix_say(told[1], "x");
	victim_reap(pid, 0);
	close(ends[0]);
	same(read(ends[1], got, 1), 0);
}
