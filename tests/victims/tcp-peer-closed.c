/* SPDX-License-Identifier: MIT */
/* tcp-peer-closed - the other end has been closed and is nobody's: what it sent is there */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	unsigned char text[16];
	int ends[2];

	need_repair();
	pair_of(AF_INET, ends);
	same(write(ends[0], "farewell", 8), 8);
	must(close(ends[0]));
	await(ends[1], POLLRDHUP);
	victim_move();
	same(state_of(ends[1]), TCP_CLOSE_WAIT);
	read_all(ends[1], text, 8);
	check(!memcmp(text, "farewell", 8));
	same(read(ends[1], text, 1), 0);
	same(read(ends[1], text, 1), 0);
}
