/* SPDX-License-Identifier: MIT */
/* udp-multicast - members of multicast groups, with and without chosen sources */
/* ways: -taken because the source still has the port */
#include "inet.h"

static struct sockaddr_in group_at(const char *text, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_addr.s_addr = inet_addr(text);
	in.sin_port = htons(port);
	return in;
}

void victim(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET }, to;
	struct ip_mreqn join = { .imr_ifindex = 1 };
	struct ip_mreq_source one = { 0 };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	int from = must(socket(AF_INET, SOCK_DGRAM, 0));
	struct in_addr lo = { htonl(INADDR_LOOPBACK) };
	char text[8];

	must(bind(fd, (struct sockaddr *)&any, sizeof(any)));
	join.imr_multiaddr.s_addr = inet_addr("239.1.2.3");
	must(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join,
			sizeof(join)));
	one.imr_multiaddr.s_addr = inet_addr("239.1.2.4");
	one.imr_interface = lo;
	one.imr_sourceaddr.s_addr = inet_addr("127.0.0.9");
	must(setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &one,
			sizeof(one)));
	must(setsockopt(from, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo)));
	set(fd, IPPROTO_IP, 49 /* IP_MULTICAST_ALL */, 0);
	victim_move();
	to = group_at("239.1.2.4", port_of(fd));
	same(sendto(from, "not", 3, 0, (struct sockaddr *)&to, sizeof(to)), 3);
	to = group_at("239.1.2.3", port_of(fd));
	same(sendto(from, "heard", 5, 0, (struct sockaddr *)&to, sizeof(to)),
	     5);
	same(recv(fd, text, sizeof(text), 0), 5);
	refused(recv(fd, text, sizeof(text), MSG_DONTWAIT), EAGAIN);
	/* It is a member of both, and cannot become one again. */
	refused(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join,
			   sizeof(join)), EADDRINUSE);
	must(setsockopt(fd, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, &one,
			sizeof(one)));
}
