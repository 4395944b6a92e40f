/* SPDX-License-Identifier: MIT */
/* unix-closed - what a peer that has gone has left to be read */
#include "unix.h"

void victim(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	int ends[2][2], one[2];
	char c;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		must(socketpair(AF_UNIX, types[i], 0, ends[i]));
		unix_say(ends[i][1], "left behind");
		close(ends[i][1]);
	}
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, one));
	close(one[1]);
	victim_move();
	same(read(one[0], &c, 1), 0);
	for (int i = 0; i < 2; i++) {
		check(unix_events(ends[i][0]) & POLLHUP);
		refused(write(ends[i][0], "x", 1), EPIPE);
		unix_hear(ends[i][0], "left behind");
		same(read(ends[i][0], &c, 1), 0);
		same_text(unix_name(ends[i][0], true), "");
		same(unix_peer(ends[i][0]).pid, getpid());
	}
}
