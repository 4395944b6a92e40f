/* SPDX-License-Identifier: MIT */
/* wait-forever-poll - poll and select without time-out see what comes later */
#include "victim.h"

#include <poll.h>
#include <sys/select.h>

static int poll_ends[2], select_ends[2];
static volatile pid_t tid[2];

static void *polls(void *arg)
{
	struct pollfd fd = { .fd = poll_ends[0], .events = POLLIN };

	(void)arg;
	tid[0] = syscall(SYS_gettid);
	victim_arrive();
	same(poll(&fd, 1, -1), 1);
	same(fd.revents, POLLIN);
	return NULL;
}

static void *selects(void *arg)
{
	fd_set set;

	(void)arg;
	tid[1] = syscall(SYS_gettid);
	FD_ZERO(&set);
	FD_SET(select_ends[0], &set);
	victim_arrive();
	same(select(select_ends[0] + 1, &set, NULL, NULL, NULL), 1);
	check(FD_ISSET(select_ends[0], &set));
	return NULL;
}

void victim(void)
{
	pthread_t a, b;

	must(pipe(poll_ends));
	must(pipe(select_ends));
	a = victim_thread(polls, NULL);
	b = victim_thread(selects, NULL);
	victim_gather(2);
	victim_blocked(tid[0], SYS_poll);
	victim_blocked(tid[1], SYS_pselect6);
	victim_move();
	same(write(poll_ends[1], "x", 1), 1);
	same(write(select_ends[1], "x", 1), 1);
	zero(pthread_join(a, NULL));
	zero(pthread_join(b, NULL));
}
