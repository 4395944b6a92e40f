/* SPDX-License-Identifier: MIT */
/* udp-connected - a connected socket sends to its peer and hears nobody else */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	int server = bound(AF_INET, SOCK_DGRAM);
	int stranger = bound(AF_INET, SOCK_DGRAM);
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	struct address mine;
	char text[8];

	must(connect_to(fd, own_address(server)));
	mine = own_address(fd);
	victim_move();
	check(same_address(own_address(fd), mine));
	check(same_address(peer_address(fd), own_address(server)));
	same(write(fd, "to", 2), 2);
	same(read(server, text, sizeof(text)), 2);
	same(send_to(stranger, "no", 2, mine), 2);
	same(send_to(server, "yes", 3, mine), 3);
	same(read(fd, text, sizeof(text)), 3);
	check(!memcmp(text, "yes", 3));
}
