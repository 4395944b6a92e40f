/* SPDX-License-Identifier: MIT */
/* mq-full - a thread that waits to send to a full POSIX message queue, and one
 * that waits for a message with a time limit */
#include "mq.h"

static mqd_t full, empty;
static pid_t tids[2];

static void *sends(void *arg)
{
	tids[0] = gettid();
	victim_arrive();
	mq_put(full, "waited", 9);
	return arg;
}

static void *waits(void *arg)
{
	struct timespec until;
	char text[MQ_SIZE];

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 3600;
	tids[1] = gettid();
	victim_arrive();
	same(must(mq_timedreceive(empty, text, MQ_SIZE, NULL, &until)), 4);
	return arg;
}

void victim(void)
{
	char name[MQ_SIZE];
	pthread_t a, b;

	full = mq_new(name, 2, 0);
	must(mq_unlink(name));
	empty = mq_new(name, 1, 0);
	must(mq_unlink(name));
	mq_put(full, "one", 1);
	mq_put(full, "two", 1);
	a = victim_thread(sends, NULL);
	b = victim_thread(waits, NULL);
	victim_gather(2);
	victim_blocked(tids[0], SYS_mq_timedsend);
	victim_blocked(tids[1], SYS_mq_timedreceive);
	victim_move();
	same(mq_count(full), 2);
	mq_same(full, "one", 1);
	zero(pthread_join(a, NULL));
	mq_same(full, "waited", 9);
	mq_same(full, "two", 1);
	mq_put(empty, "here", 0);
	zero(pthread_join(b, NULL));
	same(mq_count(full) + mq_count(empty), 0);
}
