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

/* The two ends of a TCP connection over loopback. */
static inline void pair_of(int family, int ends[2])
{
	int listener = bound(family, SOCK_STREAM);

	must(listen(listener, 1));
	ends[0] = must(socket(family, SOCK_STREAM, 0));
	must(connect_to(ends[0], own_address(listener)));
	ends[1] = must(accept(listener, NULL, NULL));
	must(close(listener));
}

/* To rebuild a connection is for those who may. */
static inline void need_repair(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0)), on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0)
		victim_skip("the right to rebuild TCP connections");
	must(close(fd));
}

/* As many bytes as go in without waiting, those of fill() from @from on. */
static inline size_t stuff(int fd, unsigned char *data, size_t room)
{
	size_t done = 0;

	while (done < room) {
		ssize_t n = send(fd, data + done, room - done, MSG_DONTWAIT);

		if (n < 0) {
			same(errno, EAGAIN);
			break;
		}
		done += n;
	}
	return done;
}

static inline void read_all(int fd, unsigned char *data, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t some = must(read(fd, data + done, n - done));

		check(some > 0);
		done += some;
	}
}

/* A byte goes both ways. */
static inline void talk(int a, int b)
{
	char byte = 0;

	same(write(a, "x", 1), 1);
	same(read(b, &byte, 1), 1);
	same(byte, 'x');
	same(write(b, "y", 1), 1);
	same(read(a, &byte, 1), 1);
	same(byte, 'y');
}

/* An acknowledgement may be in no hurry. */
static inline void await_state(int fd, int state)
{
	for (int ms = 0; ms < 5000 && state_of(fd) != state; ms++)
		victim_sleep(0.001);
	same(state_of(fd), state);
}

/* Until poll(2) shows @events, 10 s. */
static inline int await(int fd, int events)
{
	struct pollfd p = { fd, events, 0 };

	same(poll(&p, 1, 10000), 1);
	return p.revents;
}

#endif
