/* SPDX-License-Identifier: MIT */
/* ns-pid-proc - a file of a process open in a PID namespace of its own */
/* refused: the number in its path counts there alone */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

static void inside(void)
{
	int fd;

	own_mounts();
	must(mount("proc", "/proc", "proc", 0, NULL));
	fd = must(open("/proc/1/stat", O_RDONLY));
	victim_move();
	must(close(fd));
}

void victim(void)
{
	must(unshare(CLONE_NEWPID));
	victim_reap(victim_child(inside), 0);
}
