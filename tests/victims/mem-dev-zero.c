/* SPDX-License-Identifier: MIT */
/* mem-dev-zero - /dev/zero mapped, private and shared with a child */
#include "victim.h"

#define SIZE	65536

static unsigned char *shared;

static void child(void)
{
	victim_wait();
	shared[1] = 9;
}

void victim(void)
{
	int fd = must(open("/dev/zero", O_RDWR));
	unsigned char *private;
	pid_t pid;

	private = area(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	shared = area(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	fill(private, 4096, 1);
	fill(shared + 4096, 4096, 2);
	pid = victim_child(child);
	victim_move();
	victim_reap(pid, 0);
	same_fill(private, 4096, 1);
	same(private[5000], 0);
	same_fill(shared + 4096, 4096, 2);
	same(shared[1], 9);
	private[5000] = shared[SIZE - 1] = 1;
}
