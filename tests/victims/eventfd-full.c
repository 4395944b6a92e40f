/* SPDX-License-Identifier: MIT */
/* eventfd-full - a writer that waits for room goes on waiting, and writes all
 * it had when there is some */
#include <sys/eventfd.h>

#include "victim.h"

static int fd;

static void *writes(void *arg)
{
	uint64_t n = 100;

	(void)arg;
	*(pid_t *)arg = gettid();
	victim_arrive();
	same(write(fd, &n, sizeof(n)), 8);
	return NULL;
}

void victim(void)
{
	uint64_t most = 0xfffffffffffffffe, n;
	pthread_t thread;
	pid_t tid;

	fd = must(eventfd(0, 0));
	same(write(fd, &most, sizeof(most)), 8);
	thread = victim_thread(writes, &tid);
	victim_gather(1);
	victim_blocked(tid, SYS_write);
	victim_move();
	same(read(fd, &n, sizeof(n)), 8);
	check(n == most);
	zero(pthread_join(thread, NULL));
	same(read(fd, &n, sizeof(n)), 8);
	same(n, 100);
}
