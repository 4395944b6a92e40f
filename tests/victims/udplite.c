/* SPDX-License-Identifier: MIT */
/* udplite - UDP-Lite with its coverage, and datagrams that wait */
/* ways: -taken because the source still has the port */
#include "inet.h"

#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif

static int lite(void)
{
	struct sockaddr_in in = local4(0);
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);

	if (fd < 0)
		victim_skip("UDP-Lite");
	must(bind(fd, (struct sockaddr *)&in, sizeof(in)));
	return fd;
}

void victim(void)
{
	int fd = lite(), from = lite();
	char text[16];

	if (geteuid() != 0)
		victim_skip("the right to raw sockets");
	set(fd, IPPROTO_UDPLITE, 10 /* UDPLITE_SEND_CSCOV */, 20);
	set(fd, IPPROTO_UDPLITE, 11 /* UDPLITE_RECV_CSCOV */, 12);
	same(send_to(from, "waiting", 7, own_address(fd)), 7);
	victim_move();
	same(option(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDPLITE);
	same(option(fd, IPPROTO_UDPLITE, 10), 20);
	same(option(fd, IPPROTO_UDPLITE, 11), 12);
	same(recv(fd, text, sizeof(text), MSG_DONTWAIT), 7);
	check(!memcmp(text, "waiting", 7));
}
