/* SPDX-License-Identifier: MIT */
/* epoll-shared-fork - an epoll inherited by a fork is one for both; what one
 * watches the other hears of, also where it does not have it itself */
#include "epoll.h"

static int ep, early[2], late[2], down, up;

static void count_is(int fd, uint64_t wanted)
{
	uint64_t n;

	same(read(fd, &n, sizeof(n)), 8);
	same(n, wanted);
}

static void child(void)
{
	/* The parent has another pipe of these numbers. */
	must(pipe(late));
	watch_add(ep, late[0], EPOLLIN, 2);
	same(eventfd_write(up, 1), 0);
	count_is(down, 3);
	reports(ep, EPOLLIN, 1);
	take_byte(early[0]);
	reports(ep, EPOLLIN, 4);
	put_byte(late[1]);
	same(eventfd_write(up, 5), 0);
	count_is(down, 6);
}

void victim(void)
{
	struct epoll_event ev[4];
	pid_t pid;

	ep = must(epoll_create1(0));
	down = must(eventfd(0, 0));
	up = must(eventfd(0, 0));
	must(pipe(early));
	watch_add(ep, early[0], EPOLLIN, 1);
	pid = victim_child(child);
	count_is(up, 1);
	must(pipe(late));
	watch_add(ep, late[0], EPOLLIN, 4);
	victim_blocked(pid, SYS_read);
	victim_move();
	reports_none(ep);
	put_byte(early[1]);
	same(eventfd_write(down, 3), 0);
	/* The child has taken that byte; then comes one for it from us. */
	while (epoll_wait(ep, ev, 4, 0))
		victim_sleep(0.001);
	put_byte(late[1]);
	count_is(up, 5);
	same(epoll_wait(ep, ev, 4, 0), 2);
	same(ev[0].data.u64 + ev[1].data.u64, 6);
	take_byte(late[0]);
	reports(ep, EPOLLIN, 2);
	same(eventfd_write(down, 6), 0);
	victim_reap(pid, 0);
	/* With the child its pipe has gone, and so has the watch. */
	reports_none(ep);
}
