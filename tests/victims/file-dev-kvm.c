/* SPDX-License-Identifier: MIT */
/* file-dev-kvm - a maker of virtual machines: what is behind it stays where it is */
/* refused: the maker of virtual machines */
#include "victim.h"

void victim(void)
{
	int fd = open("/dev/kvm", O_RDWR);

	if (fd < 0)
		victim_skip("no /dev/kvm: %s", strerror(errno));
	victim_move();
	must(fcntl(fd, F_GETFD));
}
