/* SPDX-License-Identifier: MIT */
/* tcp-pair-options - options of connections, also those that TCP_REPAIR would spoil */
/* ways: -taken because the source still has the port */
#include "inet.h"

static const struct { int level, name, value; } options[] = {
	{ SOL_SOCKET, SO_REUSEADDR, 1 }, { SOL_SOCKET, SO_KEEPALIVE, 1 },
	{ IPPROTO_TCP, TCP_NODELAY, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 77 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 7 }, { IPPROTO_TCP, TCP_KEEPCNT, 3 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, 9999 }, { IPPROTO_TCP, TCP_LINGER2, 4 },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, 5000 }, { IPPROTO_TCP, TCP_INQ, 1 },
	{ IPPROTO_TCP, TCP_CORK, 1 }, { IPPROTO_IP, IP_TOS, 8 },
	{ SOL_SOCKET, SO_RCVLOWAT, 2 },
};

#define N (sizeof(options) / sizeof(*options))

void victim(void)
{
	int ends[2], now[N], plain;
	char text[32] = "";
	struct tcp_info was, is;
	socklen_t len = sizeof(text);

	need_repair();
	pair_of(AF_INET, ends);
	plain = option(ends[1], SOL_SOCKET, SO_REUSEADDR);
	for (size_t i = 0; i < N; i++) {
		set(ends[0], options[i].level, options[i].name,
		    options[i].value);
		now[i] = option(ends[0], options[i].level, options[i].name);
	}
	must(setsockopt(ends[0], IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	was = info(ends[0]);
	victim_move();
	for (size_t i = 0; i < N; i++)
		if (option(ends[0], options[i].level, options[i].name) !=
		    now[i])
			victim_fail("option %d of level %d is not %d",
				    options[i].name, options[i].level, now[i]);
	same(option(ends[1], SOL_SOCKET, SO_REUSEADDR), plain);
	must(getsockopt(ends[0], IPPROTO_TCP, TCP_CONGESTION, text, &len));
	same_text(text, "reno");
	is = info(ends[0]);
	same(is.tcpi_options & 7, was.tcpi_options & 7);
	same(is.tcpi_snd_wscale, was.tcpi_snd_wscale);
	same(is.tcpi_rcv_wscale, was.tcpi_rcv_wscale);
}
