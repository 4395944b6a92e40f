/* SPDX-License-Identifier: MIT */
/* tcp-pending-data - what came with a connection not accepted cannot be read */
/* refused: it would have to be accepted first */
#include "inet.h"

void victim(void)
{
	int listener = bound(AF_INET, SOCK_STREAM), s;
	int c = must(socket(AF_INET, SOCK_STREAM, 0));
	char text[8];

	must(listen(listener, 5));
	must(connect_to(c, own_address(listener)));
	same(write(c, "early", 5), 5);
	victim_move();
	s = must(accept(listener, NULL, NULL));
	same(read(s, text, sizeof(text)), 5);
}
