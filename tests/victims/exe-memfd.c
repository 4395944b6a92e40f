/* SPDX-License-Identifier: MIT */
/* exe-memfd - a program that was never in a file: fexecve(3) of a memfd */
#include "victim.h"

#include "again.h"

void victim(void)
{
	uint64_t was;

	if (!is_copy()) {
		int fd = must(memfd_create("program", 0));
		char path[64];

		copy_to(fd);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		run_copy_of(path, fd);
	}
	was = sum_of("/proc/self/exe");
	victim_move();
	check(sum_of("/proc/self/exe") == was);
}
