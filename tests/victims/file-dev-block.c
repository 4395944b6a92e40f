/* SPDX-License-Identifier: MIT */
/* file-dev-block - a block device: what is behind it stays where it is */
/* refused: a block device */
#include "victim.h"

void victim(void)
{
	int fd = open("/dev/loop0", O_RDONLY);

	if (fd < 0)
		victim_skip("no /dev/loop0: %s", strerror(errno));
	victim_move();
	must(fcntl(fd, F_GETFD));
}
