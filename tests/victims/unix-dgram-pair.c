/* SPDX-License-Identifier: MIT */
/* unix-dgram-pair - datagrams in a pair, and the room that there is for them */
#include "unix.h"

static int push_all(int sock)
{
	int n = 0;

	while (send(sock, "x", 1, MSG_DONTWAIT) == 1)
		n++;
	check(errno == EAGAIN);
	return n;
}

void victim(void)
{
	char got[64];
	int ends[2], n;

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
	unix_say(ends[0], "one");
	same(send(ends[0], "", 0, 0), 0);
	unix_say(ends[0], "three");
	unix_say(ends[1], "back");
	n = push_all(ends[0]);
	victim_move();
	refused(send(ends[0], "x", 1, MSG_DONTWAIT), EAGAIN);
	unix_hear(ends[1], "one");
	same(recv(ends[1], got, sizeof(got), 0), 0);
	unix_hear(ends[1], "three");
	for (int i = 0; i < n; i++)
		unix_hear(ends[1], "x");
	refused(recv(ends[1], got, 1, MSG_DONTWAIT), EAGAIN);
	unix_hear(ends[0], "back");
	same(unix_peer(ends[0]).pid, getpid());
	close(ends[0]);
	refused(send(ends[1], "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
}
