/* SPDX-License-Identifier: MIT */
/* unix-nonblock - O_NONBLOCK of each socket, shared by who inherited it */
#include "unix.h"

static int ends[2];

static void child(void)
{
	victim_wait();
	while (!(file_flags(ends[0]) & O_NONBLOCK))
		victim_sleep(0.01);
}

void victim(void)
{
	int other[2], listener;
	char c;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, other));
	listener = unix_listener(SOCK_STREAM | SOCK_NONBLOCK, "sock", 5);
	pid = victim_child(child);
	victim_move();
	same(file_flags(ends[0]), O_RDWR);
	same(file_flags(other[0]), O_RDWR | O_NONBLOCK);
	refused(read(other[1], &c, 1), EAGAIN);
	refused(accept(listener, NULL, NULL), EAGAIN);
	must(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	victim_reap(pid, 0);
}
