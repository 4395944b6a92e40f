/* SPDX-License-Identifier: MIT */
/* msg-sysv - a System V message queue with messages of several types in it,
 * one of them empty and one large */
#include "victim.h"

#include <sys/msg.h>

struct message {
	long type;
	char text[8192];
};

static struct message m;
static int queue;

static void put(long type, size_t size, uint64_t seed)
{
	m.type = type;
	fill(m.text, size, seed);
	must(msgsnd(queue, &m, size, 0));
}

static void take(long want, long type, size_t size, uint64_t seed)
{
	same(msgrcv(queue, &m, sizeof(m.text), want, IPC_NOWAIT), (long)size);
	same(m.type, type);
	same_fill(m.text, size, seed);
}

void victim(void)
{
	struct msqid_ds was, now;

	queue = must(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
	put(3, 10, 1);
	put(1, 8192, 2);
	put(3, 0, 3);
	put(2, 100, 4);
	must(msgctl(queue, IPC_STAT, &was));
	victim_move();
	must(msgctl(queue, IPC_STAT, &now));
	same(now.msg_qnum, 4);
	same(now.msg_qbytes, was.msg_qbytes);
	take(2, 2, 100, 4);
	take(0, 3, 10, 1);
	take(0, 1, 8192, 2);
	take(0, 3, 0, 3);
	put(9, 1, 5);
	take(0, 9, 1, 5);
	must(msgctl(queue, IPC_RMID, NULL));
}
