/* SPDX-License-Identifier: MIT */
/* mem-secret - memory that the kernel itself has no way to read */
/* refused: maps secret memory */
#include "victim.h"

void victim(void)
{
	int fd = syscall(447, 0);	/* memfd_secret */
	unsigned char *memory;

	if (fd < 0)
		victim_skip("no memfd_secret: %s", strerror(errno));
	must(ftruncate(fd, 4096));
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		victim_skip("secret memory cannot be mapped: %s",
			    strerror(errno));
	close(fd);
	fill(memory, 4096, 1);
	victim_move();
	same_fill(memory, 4096, 1);
}
