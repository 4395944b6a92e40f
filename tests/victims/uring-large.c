/* SPDX-License-Identifier: MIT */
/* uring-large - two rings of different size and the flags of their descriptors,
 * shared with a child that goes on after its parent */
#include "uring.h"

static struct ring small, large;
static int turn[2];

static void child(void)
{
	char c;

	same(read(turn[0], &c, 1), 1);
	ring_has(&large, 5, 0);
	ring_works(&large, 6);
}

void victim(void)
{
	pid_t pid;

	ring_open(&small, 1, 0);
	ring_open(&large, 1024, 0);
	same(fcntl(large.fd, F_GETFD), FD_CLOEXEC);
	for (int i = 0; i < 1000; i++)
		ring_nop(&large, i);
	same(ring_enter(&large, 1000, 1000), 1000);
	for (int i = 0; i < 1000; i++)
		ring_has(&large, i, 0);
	must(pipe(turn));
	pid = victim_child(child);
	victim_move();
	ring_works(&small, 1);
	ring_nop(&large, 5);
	same(ring_enter(&large, 1, 1), 1);
	same(write(turn[1], "x", 1), 1);
	victim_reap(pid, 0);
	check(ring_is_empty(&large));
	same(fcntl(large.fd, F_GETFD), FD_CLOEXEC);
}
