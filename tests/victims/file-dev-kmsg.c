/* SPDX-License-Identifier: MIT */
/* file-dev-kmsg - the log of the kernel: what is behind it stays where it is */
/* refused: the kernel's log */
#include "victim.h"

void victim(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		victim_skip("no /dev/kmsg: %s", strerror(errno));
	victim_move();
	must(fcntl(fd, F_GETFD));
}
