/* SPDX-License-Identifier: MIT */
/* udp-cork - a datagram that is half written cannot be read */
/* refused: what is corked cannot be looked at */
#include "inet.h"

void victim(void)
{
	int fd = bound(AF_INET, SOCK_DGRAM), to = bound(AF_INET, SOCK_DGRAM);
	char text[16];

	must(connect_to(fd, own_address(to)));
	set(fd, IPPROTO_UDP, 1 /* UDP_CORK */, 1);
	same(write(fd, "half", 4), 4);
	victim_move();
	same(write(fd, "half", 4), 4);
	set(fd, IPPROTO_UDP, 1, 0);
	same(recv(to, text, sizeof(text), 0), 8);
}
