/* SPDX-License-Identifier: MIT */
/* proc-dumpable - PR_SET_DUMPABLE: 0 in the parent, 1 in the child */
/* refused as: only CAP_SYS_PTRACE may look into a process that is not dumpable */
#include "victim.h"

#include <sys/prctl.h>

static void child(void)
{
	same(prctl(PR_GET_DUMPABLE), 1);
	victim_wait();
	same(prctl(PR_GET_DUMPABLE), 1);
}

void victim(void)
{
	pid_t pid = victim_child(child);

	must(prctl(PR_SET_DUMPABLE, 0));
	victim_move();
	same(prctl(PR_GET_DUMPABLE), 0);
	victim_reap(pid, 0);
}
