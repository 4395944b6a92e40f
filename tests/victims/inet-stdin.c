/* SPDX-License-Identifier: MIT */
/* inet-stdin - descriptors 0 to 2 are sockets: a daemon had closed what was there */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	struct address a;
	int c, s, u;

	must(dup2(bound(AF_INET, SOCK_STREAM), 0));
	must(listen(0, 3));
	u = bound(AF_INET, SOCK_DGRAM);
	must(dup2(u, 1));
	a = own_address(0);
	victim_move();
	check(same_address(own_address(0), a));
	c = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect_to(c, a));
	s = must(accept(0, NULL, NULL));
	talk(c, s);
	same(send_to(u, "x", 1, own_address(1)), 1);
}
