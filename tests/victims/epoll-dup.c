/* SPDX-License-Identifier: MIT */
/* epoll-dup - one description watched under two numbers is two watches; an
 * epoll descriptor under two numbers is one epoll */
#include "epoll.h"

void victim(void)
{
	int ep = must(epoll_create1(0)), twin = must(dup(ep));
	int separate = must(epoll_create1(0));
	int count = must(eventfd(0, 0)), other = must(dup(count));
	struct epoll_event ev[4];

	watch_add(ep, count, EPOLLIN, 1);
	watch_add(twin, other, EPOLLIN, 2);
	watch_add(separate, other, EPOLLIN, 3);
	victim_move();
	reports_none(ep);
	same(eventfd_write(count, 1), 0);
	same(epoll_wait(twin, ev, 4, 0), 2);
	same(ev[0].data.u64 + ev[1].data.u64, 3);
	reports(separate, EPOLLIN, 3);
	must(epoll_ctl(ep, EPOLL_CTL_DEL, count, NULL));
	reports(twin, EPOLLIN, 2);
	refused(epoll_ctl(twin, EPOLL_CTL_DEL, count, NULL), ENOENT);
	reports(separate, EPOLLIN, 3);
}
