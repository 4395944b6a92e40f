/* SPDX-License-Identifier: MIT */
/* epoll-edge - EPOLLET: what was reported is not reported again, though it has
 * not been read; what was not yet reported is */
#include "epoll.h"

void victim(void)
{
	int told = must(epoll_create1(0)), untold = must(epoll_create1(0));
	int count = must(eventfd(3, 0)), in[2], other[2];

	must(pipe(in));
	must(pipe(other));
	watch_add(told, in[0], EPOLLIN | EPOLLET, 1);
	watch_add(told, in[1], EPOLLOUT | EPOLLET, 2);
	watch_add(told, other[0], EPOLLIN, 3);
	watch_add(told, count, EPOLLIN | EPOLLET, 4);
	watch_add(untold, in[0], EPOLLIN | EPOLLET, 5);
	put_byte(in[1]);
	for (int i = 0; i < 3; i++) {
		struct epoll_event ev;

		same(epoll_wait(told, &ev, 1, 0), 1);
	}
	reports_none(told);
	victim_move();
	reports_none(told);
	reports(untold, EPOLLIN, 5);
	reports_none(untold);
	put_byte(in[1]);
	reports(told, EPOLLIN, 1);
	reports(untold, EPOLLIN, 5);
	reports_none(told);
	put_byte(other[1]);
	reports(told, EPOLLIN, 3);
	reports(told, EPOLLIN, 3);
	take_byte(other[0]);
	same(eventfd_write(count, 1), 0);
	reports(told, EPOLLIN, 4);
	reports_none(told);
}
