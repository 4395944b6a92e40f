/* SPDX-License-Identifier: MIT */
/* mq-unlinked - a POSIX message queue without a name, full, with its mode and
 * priorities */
#include "mq.h"

#include <sys/stat.h>

void victim(void)
{
	char name[MQ_SIZE], text[MQ_SIZE];
	mqd_t queue = mq_new(name, 10, O_NONBLOCK);
	mqd_t reader = must(mq_open(name, O_RDONLY | O_NONBLOCK));
	struct mq_attr attr;
	struct stat st;

	must(fchmod(queue, 0604));
	must(mq_unlink(name));
	for (unsigned int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "message %u", i);
		mq_put(queue, text, i % 3);
	}
	victim_move();
	must(mq_getattr(queue, &attr));
	same(attr.mq_maxmsg, 10);
	same(attr.mq_msgsize, MQ_SIZE);
	same(attr.mq_curmsgs, 10);
	must(fstat(queue, &st));
	same(st.st_mode & 0777, 0604);
	same(st.st_uid, geteuid());
	same(st.st_nlink, 0);
	refused(mq_send(queue, "x", 1, 0), EAGAIN);
	refused(mq_open(name, O_RDWR), ENOENT);
	for (unsigned int priority = 3; priority-- > 0;)
		for (unsigned int i = priority; i < 10; i += 3) {
			snprintf(text, sizeof(text), "message %u", i);
			mq_same(reader, text, priority);
		}
	same(mq_count(queue), 0);
	refused(mq_send(reader, "x", 1, 0), EBADF);
}
