/* SPDX-License-Identifier: MIT */
/* ns-mount-watch - watches a file from within a mount namespace of its own */
/* refused: its path would be looked for outside */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

#include <sys/inotify.h>

void victim(void)
{
	int fd;

	own_mounts();
	put("mem", NULL, 0);
	must(mount("mem", victim_path("mem"), "tmpfs", 0, NULL));
	fd = must(inotify_init1(IN_CLOEXEC));
	must(inotify_add_watch(fd, victim_path("mem"), IN_CREATE));
	victim_move();
	same(mounted(victim_path("mem")), 1);
}
