/* SPDX-License-Identifier: MIT */
/* tcp-ended - connections that both ends have closed, with and without unread data */
#include "inet.h"

void victim(void)
{
	unsigned char text[16];
	struct linger now = { 1, 0 };
	int ends[2], reset[2];

	pair_of(AF_INET, ends);
	must(shutdown(ends[0], SHUT_WR));
	await(ends[1], POLLRDHUP);
	must(close(ends[1]));
	await(ends[0], POLLRDHUP);
	pair_of(AF_INET, reset);
	same(write(reset[1], "bye", 3), 3);
	must(setsockopt(reset[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	await(reset[0], POLLIN);
	must(close(reset[1]));
	await(reset[0], POLLRDHUP);
	signal(SIGPIPE, SIG_IGN);
	victim_move();
	same(read(ends[0], text, 1), 0);
	same(option(ends[0], SOL_SOCKET, SO_ERROR), 0);
	refused(write(ends[0], "x", 1), EPIPE);
	same(state_of(ends[0]), TCP_CLOSE);
	read_all(reset[0], text, 3);
	check(!memcmp(text, "bye", 3));
	refused(read(reset[0], text, 1), ECONNRESET);
	same(read(reset[0], text, 1), 0);
}
