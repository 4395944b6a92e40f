/* SPDX-License-Identifier: MIT */
/* udp-queue6 - the same over IPv6, and from IPv4 to a socket of both */
/* ways: -taken because the source still has the port */
#include "inet.h"

#define N 20

static const int sizes[] = { 1, 0, 100, 1472, 9000, 0, 30000, 5 };

static int size_of(int i)
{
	return sizes[i % 8];
}

static int both(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int fd = must(socket(AF_INET6, SOCK_DGRAM, 0));

	set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	must(bind(fd, (struct sockaddr *)&any, sizeof(any)));
	return fd;
}

/* The socket's address as each sender knows it. */
static struct address target(int fd, int family)
{
	struct address a = { 0 };

	if (family == AF_INET) {
		*(struct sockaddr_in *)&a.ss = local4(port_of(fd));
		a.len = sizeof(struct sockaddr_in);
	} else {
		*(struct sockaddr_in6 *)&a.ss = local6(port_of(fd));
		a.len = sizeof(struct sockaddr_in6);
	}
	return a;
}

void victim(void)
{
	static unsigned char data[65536];
	int fd = both(), from[3];

	if (geteuid() != 0)
		victim_skip("the right to raw sockets");
	for (int i = 0; i < 3; i++)
		from[i] = bound(i == 1 ? AF_INET : AF_INET6, SOCK_DGRAM);
	set(fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
	for (int i = 0; i < N; i++) {
		fill(data, size_of(i), i);
		same(send_to(from[i % 3], data, size_of(i), target(fd, i % 3 == 1 ? AF_INET : AF_INET6)),
		     size_of(i));
	}
	victim_move();
	for (int i = 0; i < N; i++) {
		struct address who = { .len = sizeof(who.ss) };

		same(recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
			      (struct sockaddr *)&who.ss, &who.len),
		     size_of(i));
		same_fill(data, size_of(i), i);
		same(ntohs(((struct sockaddr_in6 *)&who.ss)->sin6_port),
		     port_of(from[i % 3]));
		same(IN6_IS_ADDR_V4MAPPED(
			&((struct sockaddr_in6 *)&who.ss)->sin6_addr) != 0,
		     i % 3 == 1);
	}
	refused(recv(fd, data, 1, MSG_DONTWAIT), EAGAIN);
}
