/* SPDX-License-Identifier: MIT */
/* udp-queue - datagrams of many sizes that wait unread, from several senders */
/* ways: -taken because the source still has the port */
#include "inet.h"

#define N 20

static const int sizes[] = { 1, 0, 100, 1472, 9000, 0, 30000, 5 };

static int size_of(int i)
{
	return sizes[i % 8];
}

void victim(void)
{
	static unsigned char data[65536];
	int fd = bound(AF_INET, SOCK_DGRAM), from[3];

	if (geteuid() != 0)
		victim_skip("the right to raw sockets");
	for (int i = 0; i < 3; i++)
		from[i] = bound(AF_INET, SOCK_DGRAM);
	set(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	for (int i = 0; i < N; i++) {
		fill(data, size_of(i), i);
		same(send_to(from[i % 3], data, size_of(i), own_address(fd)),
		     size_of(i));
	}
	victim_move();
	for (int i = 0; i < N; i++) {
		struct address who = { .len = sizeof(who.ss) };

		same(recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
			      (struct sockaddr *)&who.ss, &who.len),
		     size_of(i));
		same_fill(data, size_of(i), i);
		check(same_address(who, own_address(from[i % 3])));
	}
	refused(recv(fd, data, 1, MSG_DONTWAIT), EAGAIN);
}
