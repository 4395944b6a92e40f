/* SPDX-License-Identifier: MIT */
/* tcp-reuseport - two processes listen at one port, as servers' workers do */
/* ways: -taken because the source still has the port */
#include "inet.h"

static struct address a;

static int another(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0));

	set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	must(bind(fd, (struct sockaddr *)&a.ss, a.len));
	must(listen(fd, 4));
	return fd;
}

void victim(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0)), ready[2];
	struct sockaddr_in in = local4(0);
	pid_t pid;
	char byte;

	set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	must(bind(fd, (struct sockaddr *)&in, sizeof(in)));
	must(listen(fd, 4));
	a = own_address(fd);
	must(pipe(ready));
	pid = must(fork());
	if (!pid) {
		int mine = another();

		same(write(ready[1], "x", 1), 1);
		victim_wait();
		check(same_address(own_address(mine), a));
		same(option(mine, SOL_SOCKET, SO_REUSEPORT), 1);
		same(option(mine, SOL_SOCKET, SO_ACCEPTCONN), 1);
		_exit(0);
	}
	same(read(ready[0], &byte, 1), 1);
	victim_move();
	check(same_address(own_address(fd), a));
	victim_reap(pid, 0);
}
