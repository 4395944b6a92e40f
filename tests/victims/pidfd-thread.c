/* SPDX-License-Identifier: MIT */
/* pidfd-thread - PIDFD_THREAD: the descriptor of one thread */
#include "pidfd.h"

static int go[2];

static void *runs(void *arg)
{
	char byte;

	*(pid_t *)arg = gettid();
	victim_arrive();
	same(read(go[0], &byte, 1), 1);
	return NULL;
}

void victim(void)
{
	pthread_t thread;
	pid_t tid;
	int fd;

	must(pipe(go));
	thread = victim_thread(runs, &tid);
	victim_gather(1);
	fd = pidfd_of(tid, PIDFD_OF_THREAD);
	if (fd < 0)
		victim_skip("no pidfds of threads: %s", strerror(errno));
	victim_blocked(tid, SYS_read);
	victim_move();
	check(file_flags(fd) & PIDFD_OF_THREAD);
	check(!has_ended(fd, 0));
	same(write(go[1], "x", 1), 1);
	zero(pthread_join(thread, NULL));
	check(has_ended(fd, 10000));
}
