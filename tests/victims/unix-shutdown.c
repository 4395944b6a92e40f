/* SPDX-License-Identifier: MIT */
/* unix-shutdown - connections that are shut down in one way or both */
#include "unix.h"

void victim(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	int half[2][2], both[2], alone = unix_socket(SOCK_DGRAM), dgram[2];
	char c;

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		must(socketpair(AF_UNIX, types[i], 0, half[i]));
		unix_say(half[i][0], "the last");
		must(shutdown(half[i][0], SHUT_WR));
	}
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, both));
	unix_say(both[1], "before");
	must(shutdown(both[0], SHUT_RDWR));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
	must(shutdown(dgram[0], SHUT_WR));
	must(shutdown(alone, SHUT_RD));
	victim_move();
	for (int i = 0; i < 2; i++) {
		refused(write(half[i][0], "x", 1), EPIPE);
		unix_hear(half[i][1], "the last");
		same(read(half[i][1], &c, 1), 0);
		unix_say(half[i][1], "still open");
		unix_hear(half[i][0], "still open");
	}
	refused(write(both[1], "x", 1), EPIPE);
	unix_hear(both[0], "before");
	same(read(both[0], &c, 1), 0);
	same(read(both[1], &c, 1), 0);
	refused(write(dgram[0], "x", 1), EPIPE);
	unix_say(dgram[1], "x");
	unix_hear(dgram[0], "x");
	same(recv(alone, &c, 1, 0), 0);
}
