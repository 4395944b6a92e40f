/* SPDX-License-Identifier: MIT */
/* mq-shared-fork - a POSIX message queue between parent and child, who share
 * one description of it and have one each */
#include "mq.h"

static mqd_t queue, back;

static void answer(void)
{
	struct mq_attr attr = { 0 };
	mqd_t own = queue;

	mq_same(own, "question", 5);
	must(mq_setattr(back, &attr, NULL));	/* it may block from now on */
	mq_put(back, "answer", 1);
	_exit(0);
}

void victim(void)
{
	char name[MQ_SIZE], other[MQ_SIZE];
	struct mq_attr attr;
	pid_t child;

	queue = mq_new(name, 2, 0);
	back = mq_new(other, 2, O_NONBLOCK);
	must(mq_unlink(name));
	must(mq_unlink(other));
	child = victim_child(answer);
	victim_blocked(child, SYS_mq_timedreceive);
	victim_move();
	must(mq_getattr(back, &attr));
	same(attr.mq_flags, O_NONBLOCK);
	mq_put(queue, "question", 5);
	victim_reap(child, 0);
	must(mq_getattr(back, &attr));
	same(attr.mq_flags, 0);
	mq_same(back, "answer", 1);
}
