/* SPDX-License-Identifier: MIT */
/* file-dev-tun - a network interface of a program: what is behind it stays where it is */
/* refused: a network interface of its own */
#include "victim.h"

void victim(void)
{
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0)
		victim_skip("no /dev/net/tun: %s", strerror(errno));
	victim_move();
	must(fcntl(fd, F_GETFD));
}
