/* SPDX-License-Identifier: MIT */
/* inet.h - addresses and sockets for the victims with sockets of the internet */
#ifndef VICTIM_INET_H
#define VICTIM_INET_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "victim.h"

static inline struct sockaddr_in local4(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_port = htons(port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return in;
}

static inline struct sockaddr_in6 local6(int port)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6 };

	in.sin6_port = htons(port);
	in.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	return in;
}

/* A bound socket of loopback, at a port that the kernel chooses. */
static inline int bound(int family, int type)
{
	struct sockaddr_in a4 = local4(0);
	struct sockaddr_in6 a6 = local6(0);
	int fd = must(socket(family, type, 0));

	if (family == AF_INET)
		must(bind(fd, (struct sockaddr *)&a4, sizeof(a4)));
	else
		must(bind(fd, (struct sockaddr *)&a6, sizeof(a6)));
	return fd;
}

/* Its own address, or its peer's. */
struct address {
	struct sockaddr_storage ss;
	socklen_t len;
};

static inline struct address own_address(int fd)
{
	struct address a = { .len = sizeof(a.ss) };

	must(getsockname(fd, (struct sockaddr *)&a.ss, &a.len));
	return a;
}

static inline struct address peer_address(int fd)
{
	struct address a = { .len = sizeof(a.ss) };

	must(getpeername(fd, (struct sockaddr *)&a.ss, &a.len));
	return a;
}

static inline int same_address(struct address a, struct address b)
{
	return a.len == b.len && !memcmp(&a.ss, &b.ss, a.len);
}

static inline int port_of(int fd)
{
	struct address a = own_address(fd);

	return ntohs(((struct sockaddr_in *)&a.ss)->sin_port);
}

static inline int connect_to(int fd, struct address a)
{
	return connect(fd, (struct sockaddr *)&a.ss, a.len);
}

static inline int send_to(int fd, const void *data, size_t n, struct address a)
{
	return sendto(fd, data, n, 0, (struct sockaddr *)&a.ss, a.len);
}

static inline int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	must(getsockopt(fd, level, name, &value, &len));
	return value;
}

static inline void set(int fd, int level, int name, int value)
{
	must(setsockopt(fd, level, name, &value, sizeof(value)));
}

static inline struct tcp_info info(int fd)
{
	struct tcp_info ti = { 0 };
	socklen_t len = sizeof(ti);

	must(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &len));
	return ti;
}

static inline int state_of(int fd)
{
	return info(fd).tcpi_state;
}

/* Until poll(2) shows @events, 10 s. */
static inline int await(int fd, int events)
{
	struct pollfd p = { fd, events, 0 };

	same(poll(&p, 1, 10000), 1);
	return p.revents;
}

#endif
