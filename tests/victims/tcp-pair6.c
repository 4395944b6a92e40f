/* SPDX-License-Identifier: MIT */
/* tcp-pair6 - a connection over IPv6, and one of IPv4 to a socket of both */
/* ways: -taken because the source still has the port */
#include "inet.h"

static void mapped(int ends[2])
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = local4(0);
	int listener = must(socket(AF_INET6, SOCK_STREAM, 0));

	set(listener, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	must(bind(listener, (struct sockaddr *)&any, sizeof(any)));
	must(listen(listener, 1));
	v4.sin_port = htons(port_of(listener));
	ends[0] = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(ends[0], (struct sockaddr *)&v4, sizeof(v4)));
	ends[1] = must(accept(listener, NULL, NULL));
	must(close(listener));
}

void victim(void)
{
	int six[2], map[2];
	struct address a;

	need_repair();
	pair_of(AF_INET6, six);
	mapped(map);
	a = peer_address(map[1]);
	victim_move();
	talk(six[0], six[1]);
	talk(map[0], map[1]);
	check(same_address(peer_address(map[1]), a));
	same(a.ss.ss_family, AF_INET6);
}
