/* SPDX-License-Identifier: MIT */
/* mq-notify-none - a POSIX message queue that nobody else may ask to be told of
 * (SIGEV_NONE), and which is watched by epoll */
#include "mq.h"

#include <sys/epoll.h>

void victim(void)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 4 };
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	char name[MQ_SIZE];
	mqd_t queue = mq_new(name, 4, O_NONBLOCK);
	int epoll = must(epoll_create1(EPOLL_CLOEXEC));

	must(mq_unlink(name));
	must(mq_notify(queue, &none));
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, queue, &event));
	victim_move();
	refused(mq_notify(queue, &none), EBUSY);
	same(must(epoll_wait(epoll, &event, 1, 0)), 0);
	mq_put(queue, "x", 0);
	same(must(epoll_wait(epoll, &event, 1, 10000)), 1);
	same(event.data.u32, 4);
	must(mq_notify(queue, &none));
}
