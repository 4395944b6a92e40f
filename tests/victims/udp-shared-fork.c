/* SPDX-License-Identifier: MIT */
/* udp-shared-fork - one socket of parent and child stays one, by dup(2) too */
/* ways: -taken because the source still has the port */
#include "inet.h"

static int fd, copy;

static void child(void)
{
	char text[8];

	victim_wait();
	same(recv(fd, text, sizeof(text), 0), 5);
	same(option(fd, SOL_SOCKET, SO_PRIORITY), 3);
}

void victim(void)
{
	int from = bound(AF_INET, SOCK_DGRAM);
	pid_t pid;

	fd = bound(AF_INET, SOCK_DGRAM);
	copy = must(dup(fd));
	pid = victim_child(child);
	victim_move();
	set(copy, SOL_SOCKET, SO_PRIORITY, 3);
	same(option(fd, SOL_SOCKET, SO_PRIORITY), 3);
	same(send_to(from, "hello", 5, own_address(fd)), 5);
	victim_reap(pid, 0);
}
