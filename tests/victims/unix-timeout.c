/* SPDX-License-Identifier: MIT */
/* unix-timeout - a wait for data with a time limit is not ended by the move */
#include "unix.h"

static int ends[2];

static void *waiter(void *arg)
{
	(void)arg;
	victim_arrive();
	unix_hear(ends[1], "in time");
	return NULL;
}

void victim(void)
{
	struct timeval limit = { 300, 0 };
	pthread_t t;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	t = victim_thread(waiter, NULL);
	victim_gather(1);
	victim_move();
	unix_say(ends[0], "in time");
	zero(pthread_join(t, NULL));
}
