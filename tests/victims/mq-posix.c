/* SPDX-License-Identifier: MIT */
/* mq-posix - a POSIX message queue */
/* refused: POSIX message queue */
#include "victim.h"

#include <mqueue.h>

void victim(void)
{
	char name[64], text[64] = "";
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = sizeof(text) };
	mqd_t queue;

	snprintf(name, sizeof(name), "/victim-%d", getpid());
	queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
	if (queue == (mqd_t)-1)
		victim_skip("no message queues: %s", strerror(errno));
	must(mq_send(queue, "hello", 5, 3));
	victim_move();
	same(mq_receive(queue, text, sizeof(text), NULL), 5);
	same_text(text, "hello");
	must(mq_unlink(name));
}
