/* SPDX-License-Identifier: MIT */
/* eventfd-shared - one counter of two processes, read and written on both
 * sides; a child blocked in a read of it wakes up */
#include <sys/eventfd.h>

#include "victim.h"

static int down, up;

static void child(void)
{
	uint64_t n;

	for (int i = 1; i <= 5; i++) {
		same(read(down, &n, sizeof(n)), 8);
		same(n, i);
		n *= 100;
		same(write(up, &n, sizeof(n)), 8);
	}
}

void victim(void)
{
	uint64_t n;
	pid_t pid;

	down = must(eventfd(0, 0));
	up = must(eventfd(11, 0));
	pid = victim_child(child);
	victim_blocked(pid, SYS_read);
	victim_move();
	same(read(up, &n, sizeof(n)), 8);
	same(n, 11);
	for (uint64_t i = 1; i <= 5; i++) {
		same(write(down, &i, sizeof(i)), 8);
		same(read(up, &n, sizeof(n)), 8);
		same(n, 100 * i);
	}
	victim_reap(pid, 0);
}
