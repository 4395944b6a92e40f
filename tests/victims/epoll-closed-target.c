/* SPDX-License-Identifier: MIT */
/* epoll-closed-target - watched under a number that was closed, or leads
 * elsewhere by now; what is watched is alive through another number */
#include "epoll.h"

void victim(void)
{
	int ep = must(epoll_create1(0)), a[2], b[2], kept_a, kept_b, high;

	must(pipe(a));
	must(pipe(b));
	/* A number that nobody has any more, beyond all others. */
	high = must(fcntl(a[0], F_DUPFD, 300));
	watch_add(ep, high, EPOLLIN, 300);
	close(high);
	/* Twice the same number, for two pipes. */
	kept_a = must(dup(a[0]));
	watch_add(ep, a[0], EPOLLIN, 1);
	kept_b = must(dup(b[0]));
	must(dup2(b[0], a[0]));
	watch_add(ep, a[0], EPOLLIN, 2);
	must(dup2(a[1], a[0]));		/* now leads to neither */
	victim_move();
	refused(fcntl(300, F_GETFD), EBADF);
	reports_none(ep);
	put_byte(b[1]);
	reports(ep, EPOLLIN, 2);
	take_byte(kept_b);
	reports_none(ep);
	put_byte(a[1]);
	for (int i = 0, seen = 0; i < 2; i++) {
		struct epoll_event ev[4];

		same(epoll_wait(ep, ev, 4, 0), 2);
		seen |= ev[i].data.u64;
		check(seen == 1 || seen == 300 || seen == 301);
	}
	take_byte(kept_a);
	reports_none(ep);
	/* By that number it can be reached again. */
	must(dup2(kept_a, a[0]));
	watch(ep, EPOLL_CTL_MOD, a[0], EPOLLIN, 10);
	must(dup2(kept_b, 300));
	refused(epoll_ctl(ep, EPOLL_CTL_DEL, 300, NULL), ENOENT);
	must(dup2(kept_a, 300));
	must(epoll_ctl(ep, EPOLL_CTL_DEL, 300, NULL));
	put_byte(a[1]);
	reports(ep, EPOLLIN, 10);
}
