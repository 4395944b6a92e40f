/* SPDX-License-Identifier: MIT */
/* udp-multicast6 - a member of a multicast group of IPv6 */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct ipv6_mreq join = { .ipv6mr_interface = 1 }, other = join;
	int fd = must(socket(AF_INET6, SOCK_DGRAM, 0));

	must(bind(fd, (struct sockaddr *)&any, sizeof(any)));
	inet_pton(AF_INET6, "ff11::1234", &join.ipv6mr_multiaddr);
	inet_pton(AF_INET6, "ff11::1235", &other.ipv6mr_multiaddr);
	must(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &join,
			sizeof(join)));
	victim_move();
	/* It is a member of the one, and not of the other. */
	refused(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &join,
			   sizeof(join)), EADDRINUSE);
	refused(setsockopt(fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &other,
			   sizeof(other)), EADDRNOTAVAIL);
	must(setsockopt(fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &join,
			sizeof(join)));
}
