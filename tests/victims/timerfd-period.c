/* SPDX-License-Identifier: MIT */
/* timerfd-period - a periodic timer, watched by an epoll that reports changes,
 * ticks on, and is shared with a child */
#include "epoll.h"
#include "timerfd.h"

static int fd;

static void child(void)
{
	for (int i = 0; i < 3; i++)
		check(ticks(fd) >= 1);
}

void victim(void)
{
	int ep = must(epoll_create1(0));
	double begin;
	pid_t pid;

	fd = must(timerfd_create(CLOCK_BOOTTIME, 0));
	watch_add(ep, fd, EPOLLIN | EPOLLET, 12);
	set_in(fd, 0.05, 0.05);
	for (int i = 0; i < 3; i++) {
		reports(ep, EPOLLIN, 12);
		ticks(fd);
	}
	victim_move();
	begin = victim_now();
	for (int i = 0; i < 10; i++) {
		reports(ep, EPOLLIN, 12);
		check(ticks(fd) >= 1);
	}
	check(victim_now() - begin > 0.35);
	pid = victim_child(child);
	victim_reap(pid, 0);
}
