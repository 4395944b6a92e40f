/* SPDX-License-Identifier: MIT */
/* epoll-wait-limit - epoll_wait(2) with milliseconds to wait */
#include <sys/epoll.h>

#include "timed.h"

static void timed_wait(void)
{
	int ep = must(epoll_create1(0));
	struct epoll_event ev;

	same(must(epoll_wait(ep, &ev, 1, TIMED_MS)), 0);
}
