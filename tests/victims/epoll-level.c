/* SPDX-License-Identifier: MIT */
/* epoll-level - watches that report as long as there is something: which are
 * ready, with what data, under what number they can be changed and removed */
#include "epoll.h"

#define COUNT	12

void victim(void)
{
	int ep = must(epoll_create1(EPOLL_CLOEXEC)), pipes[COUNT][2];
	struct epoll_event ev[COUNT];
	unsigned int seen = 0;

	for (int i = 0; i < COUNT; i++) {
		must(pipe(pipes[i]));
		watch_add(ep, pipes[i][0], EPOLLIN | EPOLLRDHUP,
			  0xfedcba9876543210 + i);
		if (i % 3 == 0)
			put_byte(pipes[i][1]);
	}
	victim_move();
	same(fcntl(ep, F_GETFD), FD_CLOEXEC);
	same(epoll_wait(ep, ev, COUNT, 0), COUNT / 3);
	for (int k = 0; k < COUNT / 3; k++) {
		unsigned int i = ev[k].data.u64 - 0xfedcba9876543210;

		check(i < COUNT && i % 3 == 0);
		same(ev[k].events, EPOLLIN);
		seen |= 1u << i;
	}
	same(seen, 1 | 1 << 3 | 1 << 6 | 1 << 9);
	/* All are still ready. */
	same(epoll_wait(ep, ev, COUNT, 0), COUNT / 3);
	for (int i = 0; i < COUNT; i += 3)
		take_byte(pipes[i][0]);
	reports_none(ep);
	put_byte(pipes[7][1]);
	reports(ep, EPOLLIN, 0xfedcba9876543210 + 7);
	refused(epoll_ctl(ep, EPOLL_CTL_ADD, pipes[7][0], ev), EEXIST);
	watch(ep, EPOLL_CTL_MOD, pipes[7][0], 0, 1);
	reports_none(ep);
	watch(ep, EPOLL_CTL_MOD, pipes[7][0], EPOLLIN, 77);
	reports(ep, EPOLLIN, 77);
	must(epoll_ctl(ep, EPOLL_CTL_DEL, pipes[7][0], NULL));
	reports_none(ep);
	close(pipes[8][1]);
	reports(ep, EPOLLHUP, 0xfedcba9876543210 + 8);
	close(pipes[8][0]);
	reports_none(ep);
}
