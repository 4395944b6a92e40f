/* SPDX-License-Identifier: MIT */
/* file-dev-fuse - a file system in user space: what is behind it stays where it is */
/* refused: a file system of its own */
#include "victim.h"

void victim(void)
{
	int fd = open("/dev/fuse", O_RDWR);

	if (fd < 0)
		victim_skip("no /dev/fuse: %s", strerror(errno));
	victim_move();
	must(fcntl(fd, F_GETFD));
}
