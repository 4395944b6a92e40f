/* SPDX-License-Identifier: MIT */
/* udp-options - options of datagram sockets of both families, with a filter */
/* ways: -taken because the source still has the port */
#include <linux/filter.h>

#include "inet.h"

struct row {
	int level, name, value;
};

static const struct row v4[] = {
	{ SOL_SOCKET, SO_BROADCAST, 1 }, { SOL_SOCKET, SO_NO_CHECK, 1 },
	{ SOL_SOCKET, SO_RXQ_OVFL, 1 }, { SOL_SOCKET, SO_TIMESTAMPNS, 1 },
	{ SOL_SOCKET, SO_DONTROUTE, 1 }, { SOL_SOCKET, SO_SNDBUF, 30000 },
	{ SOL_SOCKET, SO_RCVBUF, 40000 }, { IPPROTO_IP, IP_PKTINFO, 1 },
	{ IPPROTO_IP, IP_RECVTOS, 1 }, { IPPROTO_IP, IP_RECVORIGDSTADDR, 1 },
	{ IPPROTO_IP, IP_MULTICAST_TTL, 9 }, { IPPROTO_IP, IP_TOS, 0x20 },
	{ IPPROTO_IP, IP_MULTICAST_LOOP, 0 }, { IPPROTO_IP, IP_RECVERR, 1 },
	{ IPPROTO_IP, 49 /* IP_MULTICAST_ALL */, 0 },
	{ IPPROTO_UDP, 103 /* UDP_SEGMENT */, 1200 },
	{ IPPROTO_UDP, 104 /* UDP_GRO */, 1 },
};

static const struct row v6[] = {
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1 },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, 1 }, { IPPROTO_IPV6, IPV6_TCLASS, 4 },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 11 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 12 },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0 },
	{ IPPROTO_IPV6, IPV6_RECVERR, 1 }, { IPPROTO_IPV6, IPV6_DONTFRAG, 1 },
	{ IPPROTO_UDP, 101 /* UDP_NO_CHECK6_TX */, 1 },
};

static void give(int fd, const struct row *rows, size_t n, int *now)
{
	for (size_t i = 0; i < n; i++) {
		set(fd, rows[i].level, rows[i].name, rows[i].value);
		now[i] = option(fd, rows[i].level, rows[i].name);
	}
}

static void compare(int fd, const struct row *rows, size_t n, const int *now)
{
	for (size_t i = 0; i < n; i++)
		if (option(fd, rows[i].level, rows[i].name) != now[i])
			victim_fail("option %d of level %d is %d, should be %d",
				    rows[i].name, rows[i].level,
				    option(fd, rows[i].level, rows[i].name),
				    now[i]);
}

#define COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

void victim(void)
{
	/* Takes what begins with an 'a': behind 8 bytes of UDP's head. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'a', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { COUNT(code), code };
	int a = bound(AF_INET, SOCK_DGRAM), b = bound(AF_INET6, SOCK_DGRAM);
	int f = bound(AF_INET, SOCK_DGRAM), from = bound(AF_INET, SOCK_DGRAM);
	int now4[COUNT(v4)], now6[COUNT(v6)];
	char text[8];

	give(a, v4, COUNT(v4), now4);
	give(b, v6, COUNT(v6), now6);
	must(setsockopt(f, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
	victim_move();
	compare(a, v4, COUNT(v4), now4);
	compare(b, v6, COUNT(v6), now6);
	same(send_to(from, "bad", 3, own_address(f)), 3);
	same(send_to(from, "also", 4, own_address(f)), 4);
	same(recv(f, text, sizeof(text), 0), 4);
}
