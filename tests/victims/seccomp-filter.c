/* SPDX-License-Identifier: MIT */
/* seccomp-filter - a filter forbids a call, after the move as well; a second
 * one forbids another, and its answer wins where both have one */
#include "seccomp.h"

void victim(void)
{
	need_root();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(filter_call(SYS_getppid, fails_with(EDOM), 0));
	must(filter_call(SYS_getpgid, fails_with(ERANGE), 0));
	must(filter_call(SYS_getppid, fails_with(EXDEV), 0));
	refused(syscall(SYS_getppid), EXDEV);
	victim_move();
	refused(syscall(SYS_getppid), EXDEV);
	refused(syscall(SYS_getpgid, 0), ERANGE);
	check(syscall(SYS_getpid) > 0);
	same_text(field("/proc/self/status", "Seccomp"), "2");
	same_text(field("/proc/self/status", "Seccomp_filters"), "3");
}
