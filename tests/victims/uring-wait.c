/* SPDX-License-Identifier: MIT */
/* uring-wait - a thread that waits for a completion goes on waiting, without an
 * EINTR, for a request that is submitted later */
#include "uring.h"

static struct ring ring;

static void *waiter(void *tid)
{
	*(pid_t *)tid = gettid();
	victim_arrive();
	same(ring_enter(&ring, 0, 1), 0);
	ring_has(&ring, 42, 0);
	return NULL;
}

void victim(void)
{
	pthread_t thread;
	pid_t tid = 0;

	ring_open(&ring, 8, 0);
	thread = victim_thread(waiter, &tid);
	victim_gather(1);
	victim_blocked(tid, SYS_io_uring_enter);
	victim_move();
	ring_nop(&ring, 42);
	same(ring_enter(&ring, 1, 0), 1);
	same(pthread_join(thread, NULL), 0);
	check(ring_is_empty(&ring));
}
