/* SPDX-License-Identifier: MIT */
/* tree-spawn - a program that starts other programs all the time
 *
 * posix_spawn(3) and shells do it by vfork: for a moment the child shares the
 * memory of its parent, which does not run.  Whatever the moment of the move,
 * each ends with its own status.
 */
/* ways: -rootfs because a program that is just starting finds other libraries */
#include "victim.h"

#include <spawn.h>

void victim(void)
{
	char *go = victim_path("go"), status[16];
	char *argv[] = { "sh", "-c", status, NULL }, *env[] = { NULL };
	pid_t pid;

	for (int i = 0; i < 60 || access(go, F_OK) < 0; i++) {
		snprintf(status, sizeof(status), "exit %d", i % 200);
		zero(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, env));
		victim_reap(pid, i % 200);
		if (i == 30)
			victim_ready();
	}
}
