/* SPDX-License-Identifier: MIT */
/* tcp-options - every option of a listening socket that can be read back */
/* ways: -taken because the source still has the port */
#include "inet.h"

static const struct { int level, name, value; } options[] = {
	{ SOL_SOCKET, SO_REUSEADDR, 1 }, { SOL_SOCKET, SO_REUSEPORT, 1 },
	{ SOL_SOCKET, SO_KEEPALIVE, 1 }, { SOL_SOCKET, SO_OOBINLINE, 1 },
	{ SOL_SOCKET, SO_RCVLOWAT, 17 },
	{ SOL_SOCKET, SO_ZEROCOPY, 1 }, { SOL_SOCKET, SO_TIMESTAMP, 1 },
	{ IPPROTO_IP, IP_TOS, 0x10 }, { SOL_SOCKET, SO_PRIORITY, 5 },
	{ IPPROTO_IP, 13 /* IP_RECVTOS */, 1 }, { IPPROTO_IP, IP_TTL, 33 },
	{ IPPROTO_IP, IP_FREEBIND, 1 }, { IPPROTO_IP, IP_RECVTTL, 1 },
	{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE },
	{ IPPROTO_IP, IP_MINTTL, 3 }, { IPPROTO_IP, IP_RECVERR, 1 },
	{ IPPROTO_IP, 24 /* IP_BIND_ADDRESS_NO_PORT */, 1 },
	{ IPPROTO_TCP, TCP_NODELAY, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 123 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 21 }, { IPPROTO_TCP, TCP_KEEPCNT, 5 },
	{ IPPROTO_TCP, TCP_SYNCNT, 4 }, { IPPROTO_TCP, TCP_LINGER2, 13 },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, 7 }, { IPPROTO_TCP, TCP_MAXSEG, 1111 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 54321 },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, 10000 },
	{ IPPROTO_TCP, TCP_FASTOPEN, 9 }, { IPPROTO_TCP, TCP_SAVE_SYN, 1 },
	{ IPPROTO_TCP, TCP_INQ, 1 }, { IPPROTO_TCP, TCP_CORK, 1 },
};

#define N (sizeof(options) / sizeof(*options))

void victim(void)
{
	int fd = bound(AF_INET, SOCK_STREAM), now[N];
	struct linger linger = { 1, 9 }, l = { 0 };
	struct timeval limit = { 3, 500000 }, t = { 0 };
	socklen_t len;
	char text[32] = "";

	for (size_t i = 0; i < N; i++) {
		set(fd, options[i].level, options[i].name, options[i].value);
		now[i] = option(fd, options[i].level, options[i].name);
	}
	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	must(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	must(listen(fd, 3));
	victim_move();
	for (size_t i = 0; i < N; i++) {
		int is = option(fd, options[i].level, options[i].name);

		if (is != now[i])
			victim_fail("option %d of level %d is %d, should be %d",
				    options[i].name, options[i].level, is,
				    now[i]);
	}
	len = sizeof(l);
	must(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
	same(l.l_onoff, 1);
	same(l.l_linger, 9);
	len = sizeof(t);
	must(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, &len));
	same(t.tv_sec, 3);
	len = sizeof(text);
	must(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, text, &len));
	same_text(text, "reno");
}
