/* SPDX-License-Identifier: MIT */
/* epoll-nested - epolls that watch epolls, four deep, and one watched by two */
#include <poll.h>

#include "epoll.h"

#define DEPTH	4

void victim(void)
{
	int ep[DEPTH], side = must(epoll_create1(0)), ends[2];
	struct pollfd top;

	must(pipe(ends));
	/* The outermost first, so that ids do not follow depth. */
	for (int i = 0; i < DEPTH; i++)
		ep[i] = must(epoll_create1(0));
	for (int i = 0; i + 1 < DEPTH; i++)
		watch_add(ep[i], ep[i + 1], EPOLLIN, 100 + i);
	watch_add(ep[DEPTH - 1], ends[0], EPOLLIN, 7);
	watch_add(side, ep[2], EPOLLIN | EPOLLET, 9);
	put_byte(ends[1]);
	victim_move();
	top = (struct pollfd){ .fd = ep[0], .events = POLLIN };
	same(poll(&top, 1, 0), 1);
	for (int i = 0; i + 1 < DEPTH; i++)
		reports(ep[i], EPOLLIN, 100 + i);
	reports(ep[DEPTH - 1], EPOLLIN, 7);
	reports(side, EPOLLIN, 9);
	take_byte(ends[0]);
	same(poll(&top, 1, 0), 0);
	reports_none(ep[1]);
	put_byte(ends[1]);
	same(poll(&top, 1, 0), 1);
	reports(ep[0], EPOLLIN, 100);
	reports(side, EPOLLIN, 9);
}
