/* SPDX-License-Identifier: MIT */
/* tcp-pending - connected to a server of the same process that has not accepted yet */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	int listener = bound(AF_INET, SOCK_STREAM), a, b, s[2];
	struct address names[2], who;

	must(listen(listener, 5));
	a = must(socket(AF_INET, SOCK_STREAM, 0));
	b = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect_to(a, own_address(listener)));
	must(connect_to(b, own_address(listener)));
	names[0] = own_address(a);
	names[1] = own_address(b);
	victim_move();
	check(same_address(own_address(a), names[0]));
	check(same_address(own_address(b), names[1]));
	for (int i = 0; i < 2; i++) {
		int from_a;

		s[i] = must(accept(listener, NULL, NULL));
		who = peer_address(s[i]);
		from_a = same_address(who, names[0]);
		check(from_a || same_address(who, names[1]));
		talk(s[i], from_a ? a : b);
	}
}
