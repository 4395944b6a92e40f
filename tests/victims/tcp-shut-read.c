/* SPDX-License-Identifier: MIT */
/* tcp-shut-read - a connection of which one end does not want to read any more */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	char byte;
	int ends[2];

	need_repair();
	pair_of(AF_INET, ends);
	must(shutdown(ends[0], SHUT_RD));
	victim_move();
	same(read(ends[0], &byte, 1), 0);
	same(write(ends[0], "x", 1), 1);
	same(read(ends[1], &byte, 1), 1);
	same(state_of(ends[1]), TCP_ESTABLISHED);
}
