/* SPDX-License-Identifier: MIT */
/* mq-notify-thread - a thread that is to be started when a message comes */
/* refused: SIGEV_THREAD */
#include "mq.h"

static mqd_t queue;

static void told(union sigval value)
{
	(void)value;
	mq_same(queue, "x", 0);
	victim_arrive();
}

void victim(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD,
				  .sigev_notify_function = told };
	char name[MQ_SIZE];

	queue = mq_new(name, 4, 0);
	must(mq_unlink(name));
	must(mq_notify(queue, &event));
	victim_move();
	mq_put(queue, "x", 0);
	victim_gather(1);
}
