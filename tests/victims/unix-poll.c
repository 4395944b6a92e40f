/* SPDX-License-Identifier: MIT */
/* unix-poll - what poll tells of sockets in every state */
#include "unix.h"

void victim(void)
{
	enum { EMPTY, WAITING, HALF, GONE, FULL, COUNT };
	int ends[COUNT][2], was[COUNT], listener, fresh;

	for (int i = 0; i < COUNT; i++)
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends[i]));
	unix_say(ends[WAITING][1], "x");
	must(shutdown(ends[HALF][1], SHUT_WR));
	close(ends[GONE][1]);
	while (send(ends[FULL][0], "0123456789abcdef", 16, 0) == 16)
		;
	listener = unix_listener(SOCK_STREAM, "sock", 3);
	must(unix_connect(unix_socket(SOCK_STREAM), "sock"));
	fresh = unix_socket(SOCK_STREAM);
	for (int i = 0; i < COUNT; i++)
		was[i] = unix_events(ends[i][0]);
	same(was[FULL], 0);
	same(unix_events(listener), POLLIN);
	same(unix_events(fresh), POLLOUT | POLLHUP);
	victim_move();
	for (int i = 0; i < COUNT; i++)
		same(unix_events(ends[i][0]), i == FULL ?
		     was[i] | (unix_events(ends[i][0]) & POLLOUT) : was[i]);
	same(unix_events(listener), POLLIN);
	same(unix_events(fresh), POLLOUT | POLLHUP);
}
