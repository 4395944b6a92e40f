/* SPDX-License-Identifier: MIT */
/* tcp-half-closed - one end has sent its FIN: it goes on hearing the other */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	unsigned char text[16];
	int ends[2];

	need_repair();
	pair_of(AF_INET, ends);
	same(write(ends[0], "last", 4), 4);
	must(shutdown(ends[0], SHUT_WR));
	await(ends[1], POLLRDHUP);
	await_state(ends[0], TCP_FIN_WAIT2);
	victim_move();
	read_all(ends[1], text, 4);
	check(!memcmp(text, "last", 4));
	same(read(ends[1], text, 1), 0);
	await_state(ends[0], TCP_FIN_WAIT2);
	same(state_of(ends[1]), TCP_CLOSE_WAIT);
	same(write(ends[1], "answer", 6), 6);
	read_all(ends[0], text, 6);
	check(!memcmp(text, "answer", 6));
	signal(SIGPIPE, SIG_IGN);
	refused(write(ends[0], "x", 1), EPIPE);
	must(close(ends[1]));
	same(read(ends[0], text, 1), 0);
}
