/* SPDX-License-Identifier: MIT */
/* file-cloexec - what is close-on-exec is closed by exec after the move, and
 * the rest is not */
#include "victim.h"

static int keep, drop, shared_keep;

static void child(void)
{
	char script[200];

	snprintf(script, sizeof(script), "[ -e /proc/self/fd/%d ] && "
		 "[ ! -e /proc/self/fd/%d ] && [ -e /proc/self/fd/%d ]",
		 keep, drop, shared_keep);
	execl("/bin/sh", "sh", "-c", script, NULL);
	_exit(127);
}

void victim(void)
{
	char *path = victim_file("file", "");

	keep = must(open(path, O_RDONLY));
	drop = must(open(path, O_RDONLY | O_CLOEXEC));
	/* One description, of which one descriptor is close-on-exec. */
	shared_keep = must(dup(drop));
	victim_move();
	same(fcntl(keep, F_GETFD), 0);
	same(fcntl(drop, F_GETFD), FD_CLOEXEC);
	victim_reap(victim_child(child), 0);
}
