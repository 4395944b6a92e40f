/* SPDX-License-Identifier: MIT */
/* udp-bound - a socket with an address receives at it */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	int fd = bound(AF_INET, SOCK_DGRAM), from = bound(AF_INET, SOCK_DGRAM);
	int any = must(socket(AF_INET, SOCK_DGRAM, 0));
	struct address a = own_address(fd), b = own_address(from);
	struct address who = { .len = sizeof(who.ss) };
	char text[8];

	victim_move();
	check(same_address(own_address(fd), a));
	same(port_of(any), 0);
	same(send_to(from, "abc", 3, a), 3);
	same(recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&who.ss,
		      &who.len), 3);
	check(same_address(who, b));
}
