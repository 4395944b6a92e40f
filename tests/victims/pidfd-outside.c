/* SPDX-License-Identifier: MIT */
/* pidfd-outside - a pidfd of a process that is not moved along */
/* refused: the process stays where it is */
#include "pidfd.h"

void victim(void)
{
	int fd = must(pidfd_of(getppid(), 0));

	victim_move();
	check(!has_ended(fd, 0));
}
