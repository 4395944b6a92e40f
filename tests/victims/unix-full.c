/* SPDX-License-Identifier: MIT */
/* unix-full - a writer that finds no room finds none after the move either */
#include "unix.h"

void victim(void)
{
	unsigned char text[1000];
	size_t bytes = 0, got = 0;
	int ends[2];
	ssize_t n;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	unix_set(ends[0], SO_SNDBUF, 1);	/* the least there is */
	fill(text, sizeof(text), 1);
	while ((n = send(ends[0], text, sizeof(text), MSG_DONTWAIT)) > 0)
		bytes += n;
	check(errno == EAGAIN && bytes);
	victim_move();
	refused(send(ends[0], text, sizeof(text), MSG_DONTWAIT), EAGAIN);
	check(!(unix_events(ends[0]) & POLLOUT));
	while (got < bytes) {
		unsigned char back[sizeof(text)];

		n = must(recv(ends[1], back, sizeof(back) - got % sizeof(back),
			      MSG_DONTWAIT));
		same(memcmp(back, text + got % sizeof(text), n), 0);
		got += n;
	}
	refused(recv(ends[1], text, 1, MSG_DONTWAIT), EAGAIN);
	check(unix_events(ends[0]) & POLLOUT);
}
