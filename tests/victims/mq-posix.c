/* SPDX-License-Identifier: MIT */
/* mq-posix - a POSIX message queue with messages of several priorities */
#include "mq.h"

#include <sys/stat.h>

void victim(void)
{
	char name[MQ_SIZE];
	mqd_t queue = mq_new(name, 8, O_NONBLOCK), other;
	struct mq_attr attr;
	struct stat st;

	other = must(mq_open(name, O_WRONLY));
	mq_put(queue, "first of three", 3);
	mq_put(queue, "of none", 0);
	mq_put(queue, "", 7);
	mq_put(queue, "second of three", 3);
	mq_put(queue, "first of all", 32767);
	mq_put(queue, "last of none", 0);
	victim_move();
	same(mq_count(queue), 6);
	must(mq_getattr(queue, &attr));
	same(attr.mq_maxmsg, 8);
	same(attr.mq_msgsize, MQ_SIZE);
	same(attr.mq_flags, O_NONBLOCK);
	must(mq_getattr(other, &attr));
	same(attr.mq_flags, 0);
	must(fstat(queue, &st));
	same(st.st_mode & 0777, 0640);
	mq_put(other, "new", 3);
	mq_same(queue, "first of all", 32767);
	mq_same(queue, "", 7);
	mq_same(queue, "first of three", 3);
	mq_same(queue, "second of three", 3);
	mq_same(queue, "new", 3);
	mq_same(queue, "of none", 0);
	mq_same(queue, "last of none", 0);
	refused(mq_receive(other, name, MQ_SIZE, NULL), EBADF);
	refused(mq_receive(queue, (char[MQ_SIZE]){ 0 }, MQ_SIZE, NULL), EAGAIN);
	must(mq_unlink(name));
}
