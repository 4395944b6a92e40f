/* SPDX-License-Identifier: MIT */
/* file-proc-outside - a file of /proc of a process that stays behind */
/* refused: outside the tree */
#include "victim.h"

void victim(void)
{
	int fd = must(open("/proc/1/comm", O_RDONLY));
	char text[16];

	victim_move();
	check(read(fd, text, sizeof(text)) > 0);
}
