/* SPDX-License-Identifier: MIT */
/* unix-dgram-gone - a datagram socket whose peer has gone */
#include "unix.h"

void victim(void)
{
	char *path = victim_path("sock"), got[8];
	int named = unix_socket(SOCK_DGRAM), sock = unix_socket(SOCK_DGRAM);
	int ends[2];

	unix_bind(named, path);
	must(unix_connect(sock, path));
	close(named);
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
	unix_say(ends[1], "left");
	close(ends[1]);
	victim_move();
	same_text(unix_name(sock, true), path);
	refused(send(sock, "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
	unix_hear(ends[0], "left");
	refused(send(ends[0], "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
	refused(recv(ends[0], got, 1, MSG_DONTWAIT), EAGAIN);
}
