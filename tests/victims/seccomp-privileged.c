/* SPDX-License-Identifier: MIT */
/* seccomp-privileged - a filter that root installed before it became nobody,
 * without no_new_privs: the child itself could not install it again */
#include "seccomp.h"

#define NOBODY 65534

static volatile int *up;

static void child(void)
{
	must(filter_call(SYS_getppid, fails_with(EDOM), SECCOMP_FILTER_FLAG_LOG));
	must(setresgid(NOBODY, NOBODY, NOBODY));
	must(setresuid(NOBODY, NOBODY, NOBODY));
	*up = 1;
	victim_wait();
	refused(syscall(SYS_getppid), EDOM);
	same(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	same(getuid(), NOBODY);
}

void victim(void)
{
	pid_t pid;

	need_root();
	up = AREA_SHARED(4096);
	pid = victim_child(child);
	while (!*up)
		victim_sleep(0.001);
	victim_move();
	check(syscall(SYS_getppid) >= 0);
	victim_reap(pid, 0);
}
