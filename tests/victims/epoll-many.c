/* SPDX-License-Identifier: MIT */
/* epoll-many - a thousand watches of one epoll, a third of them ready */
#include <sys/resource.h>

#include "epoll.h"

#define COUNT	900

void victim(void)
{
	static struct epoll_event ev[COUNT];
	struct rlimit many = { COUNT + 100, COUNT + 100 };
	int ep = must(epoll_create1(0)), fd[COUNT];
	static char seen[COUNT];

	must(setrlimit(RLIMIT_NOFILE, &many));
	for (int i = 0; i < COUNT; i++) {
		fd[i] = must(eventfd(i % 3 == 1, EFD_NONBLOCK));
		watch_add(ep, fd[i], EPOLLIN, i);
	}
	victim_move();
	same(epoll_wait(ep, ev, COUNT, 0), COUNT / 3);
	for (int k = 0; k < COUNT / 3; k++) {
		same(ev[k].data.u64 % 3, 1);
		check(!seen[ev[k].data.u64]++);
	}
	for (int i = 0; i < COUNT; i++) {
		same(eventfd_write(fd[i], 1), 0);
		must(epoll_ctl(ep, EPOLL_CTL_DEL, fd[i], NULL));
	}
	reports_none(ep);
}
