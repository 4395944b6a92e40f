/* SPDX-License-Identifier: MIT */
/* mq.h - POSIX message queues for victims */
#ifndef MQ_H
#define MQ_H

#include "victim.h"

#include <mqueue.h>
#include <sys/resource.h>

#define MQ_SIZE 64

/* A new queue of @room messages, of mode 0640, under a name of the victim's
 * own, which is copied to @name. */
static inline mqd_t mq_new(char name[MQ_SIZE], long room, int flags)
{
	struct mq_attr attr = { .mq_maxmsg = room, .mq_msgsize = MQ_SIZE };
	mqd_t queue;

	snprintf(name, MQ_SIZE, "/victim-%d-%lx", getpid(),
		 (long)(victim_now() * 1e6));
	queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR | flags, 0640, &attr);
	if (queue == (mqd_t)-1 && errno == ENOSYS)
		victim_skip("no message queues: %s", strerror(errno));
	return must(queue);
}

static inline void mq_put(mqd_t queue, const char *text, unsigned int priority)
{
	must(mq_send(queue, text, strlen(text), priority));
}

/* The next one is that. */
static inline void mq_same(mqd_t queue, const char *text, unsigned int priority)
{
	char got[MQ_SIZE + 1];
	unsigned int now;
	ssize_t n = must(mq_receive(queue, got, MQ_SIZE, &now));

	got[n] = '\0';
	same_text(got, text);
	same(now, priority);
}

static inline long mq_count(mqd_t queue)
{
	struct mq_attr attr;

	must(mq_getattr(queue, &attr));
	return attr.mq_curmsgs;
}

#endif
