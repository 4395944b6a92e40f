/* SPDX-License-Identifier: MIT */
/* tcp-pair - a connection within one process: names, states, both directions */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	int ends[2];
	struct address a, b;

	need_repair();
	pair_of(AF_INET, ends);
	talk(ends[0], ends[1]);
	a = own_address(ends[0]);
	b = own_address(ends[1]);
	victim_move();
	for (int i = 0; i < 2; i++)
		same(state_of(ends[i]), TCP_ESTABLISHED);
	check(same_address(own_address(ends[0]), a));
	check(same_address(own_address(ends[1]), b));
	check(same_address(peer_address(ends[0]), b));
	check(same_address(peer_address(ends[1]), a));
	for (int i = 0; i < 100; i++)
		talk(ends[i % 2], ends[!(i % 2)]);
}
