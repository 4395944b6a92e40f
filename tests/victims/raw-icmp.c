/* SPDX-License-Identifier: MIT */
/* raw-icmp - a raw socket of ICMP with its filter, and a ping socket */
/* ways: -taken because the source still has the ping */
#include <linux/icmp.h>

#include "inet.h"

void victim(void)
{
	struct icmp_filter f = { ~(1u << ICMP_ECHOREPLY) }, now = { 0 };
	struct icmphdr echo = { .type = ICMP_ECHO }, back[4];
	struct sockaddr_in to = local4(0);
	socklen_t len = sizeof(now);
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), ping, id;

	if (raw < 0)
		victim_skip("the right to raw sockets");
	ping = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	if (ping >= 0)
		must(bind(ping, (struct sockaddr *)&to, sizeof(to)));
	must(setsockopt(raw, 255 /* SOL_RAW */, 1 /* ICMP_FILTER */, &f,
			sizeof(f)));
	id = ping < 0 ? 0 : port_of(ping);
	victim_move();
	same(option(raw, SOL_SOCKET, SO_PROTOCOL), IPPROTO_ICMP);
	must(getsockopt(raw, 255, 1, &now, &len));
	same(now.data, f.data);
	if (ping < 0)
		return;
	same(port_of(ping), id);
	same(sendto(ping, &echo, sizeof(echo), 0, (struct sockaddr *)&to,
		    sizeof(to)), sizeof(echo));
	same(recv(ping, back, sizeof(back), 0), sizeof(echo));
	check(recv(raw, back, sizeof(back), 0) > 0);
}
