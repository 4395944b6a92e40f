/* SPDX-License-Identifier: MIT */
/* tcp-listen6 - servers at an IPv6 address, and at both families' at once */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = local4(0);
	struct sockaddr_in6 v6 = local6(0);
	int only = must(socket(AF_INET6, SOCK_STREAM, 0)), both, c, c4;
	struct address a;

	set(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	must(bind(only, (struct sockaddr *)&v6, sizeof(v6)));
	a = own_address(only);
	must(listen(only, 5));
	both = must(socket(AF_INET6, SOCK_STREAM, 0));
	set(both, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	must(bind(both, (struct sockaddr *)&any, sizeof(any)));
	must(listen(both, 5));
	v4.sin_port = htons(port_of(both));
	victim_move();
	same(option(only, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	same(option(both, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	c = must(socket(AF_INET6, SOCK_STREAM, 0));
	must(connect_to(c, a));
	must(accept(only, NULL, NULL));
	c4 = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(c4, (struct sockaddr *)&v4, sizeof(v4)));
	must(accept(both, NULL, NULL));
	same(ntohs(((struct sockaddr_in *)&v4)->sin_port), port_of(both));
}
