/* SPDX-License-Identifier: MIT */
/* seccomp-notify - a filter that asks another process */
/* refused: who answers cannot be told */
#include "seccomp.h"

void victim(void)
{
	int fd;

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	fd = must(filter_call(SYS_getpgid, SECCOMP_RET_USER_NOTIF,
			      SECCOMP_FILTER_FLAG_NEW_LISTENER));
	close(fd);
	victim_move();
	refused(syscall(SYS_getpgid, 0), ENOSYS);
}
