/* SPDX-License-Identifier: MIT */
/* mem-dump-filter - which memory a core dump would hold */
#include "victim.h"

void victim(void)
{
	int fd = must(open("/proc/self/coredump_filter", O_RDWR));
	char now[32] = "";

	same(write(fd, "0x1a5", 5), 5);
	close(fd);
	victim_move();
	fd = must(open("/proc/self/coredump_filter", O_RDONLY));
	check(read(fd, now, sizeof(now) - 1) > 0);
	same_text(now, "000001a5\n");
}
