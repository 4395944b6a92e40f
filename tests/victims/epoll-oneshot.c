/* SPDX-License-Identifier: MIT */
/* epoll-oneshot - EPOLLONESHOT: used up, not yet used up, and used up again */
#include "epoll.h"

void victim(void)
{
	int ep = must(epoll_create1(0)), spent[2], armed[2], ready[2], empty[2];
	int spent_edge = must(eventfd(1, 0));
	struct epoll_event ev;

	must(pipe(spent));
	must(pipe(armed));
	must(pipe(ready));
	put_byte(spent[1]);
	watch_add(ep, spent[0], EPOLLIN | EPOLLONESHOT, 1);
	reports(ep, EPOLLIN, 1);
	watch_add(ep, spent_edge, EPOLLIN | EPOLLONESHOT | EPOLLET, 4);
	reports(ep, EPOLLIN, 4);
	must(pipe(empty));
	put_byte(empty[1]);
	watch_add(ep, empty[0], EPOLLIN | EPOLLONESHOT, 5);
	reports(ep, EPOLLIN, 5);
	take_byte(empty[0]);
	watch_add(ep, armed[0], EPOLLIN | EPOLLONESHOT, 2);
	watch_add(ep, ready[0], EPOLLIN | EPOLLONESHOT, 3);
	put_byte(ready[1]);
	victim_move();
	reports(ep, EPOLLIN, 3);
	reports_none(ep);
	/* Used up: not even a hang-up is reported. */
	close(spent[1]);
	close(empty[1]);
	reports_none(ep);
	put_byte(ready[1]);
	reports_none(ep);
	put_byte(armed[1]);
	reports(ep, EPOLLIN, 2);
	reports_none(ep);
	watch(ep, EPOLL_CTL_MOD, spent[0], EPOLLIN | EPOLLONESHOT, 11);
	reports(ep, EPOLLIN | EPOLLHUP, 11);
	watch(ep, EPOLL_CTL_MOD, spent_edge, EPOLLIN | EPOLLONESHOT, 12);
	reports(ep, EPOLLIN, 12);
	same(epoll_wait(ep, &ev, 1, 0), 0);
}
