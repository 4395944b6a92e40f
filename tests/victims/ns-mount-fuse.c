/* SPDX-License-Identifier: MIT */
/* ns-mount-fuse - a file system of FUSE that is mounted nowhere else */
/* refused: nobody at the other end serves it */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

void victim(void)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[128];

	if (fd < 0)
		victim_skip("there is no FUSE here");
	own_mounts();
	put("served", NULL, 0);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	must(mount("served", victim_path("served"), "fuse", 0, options));
	must(close(fd));
	victim_move();
	same(mounted(victim_path("served")), 1);
	must(umount2(victim_path("served"), MNT_DETACH));
}
