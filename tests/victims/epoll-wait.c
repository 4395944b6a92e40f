/* SPDX-License-Identifier: MIT */
/* epoll-wait - a thread blocked in epoll_wait(2) without a limit goes on as if
 * nothing had been: no EINTR, and it wakes up for what comes */
#include "epoll.h"

static int ep, ends[2];

static void *waits(void *arg)
{
	struct epoll_event ev;

	*(pid_t *)arg = gettid();
	victim_arrive();
	same(must(epoll_wait(ep, &ev, 1, -1)), 1);
	same(ev.data.u64, 5);
	return NULL;
}

void victim(void)
{
	pthread_t thread;
	pid_t tid;

	ep = must(epoll_create1(0));
	must(pipe(ends));
	watch_add(ep, ends[0], EPOLLIN, 5);
	thread = victim_thread(waits, &tid);
	victim_gather(1);
	victim_blocked(tid, SYS_epoll_wait);
	victim_move();
	victim_sleep(0.05);
	put_byte(ends[1]);
	zero(pthread_join(thread, NULL));
}
