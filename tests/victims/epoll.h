/* SPDX-License-Identifier: MIT */
/* epoll.h - short words for victims with epoll descriptors */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "victim.h"

static inline void watch(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	must(epoll_ctl(ep, op, fd, &ev));
}

static inline void watch_add(int ep, int fd, uint32_t events, uint64_t data)
{
	watch(ep, EPOLL_CTL_ADD, fd, events, data);
}

/* Nothing is to be reported. */
static inline void reports_none(int ep)
{
	struct epoll_event ev[8];

	same(epoll_wait(ep, ev, 8, 0), 0);
}

/* Just this is, and nothing else. */
static inline void reports(int ep, uint32_t events, uint64_t data)
{
	struct epoll_event ev[8];

	same(epoll_wait(ep, ev, 8, 10000), 1);
	same(ev[0].events, events);
	same(ev[0].data.u64, data);
}

static inline void put_byte(int fd)
{
	same(write(fd, "x", 1), 1);
}

static inline void take_byte(int fd)
{
	char byte;

	same(read(fd, &byte, 1), 1);
}
