/* SPDX-License-Identifier: MIT */
/* inotify-blocked - a child that waits in a read, while the parent watches the
 * same descriptor by epoll; both have it */
#include "epoll.h"
#include "inotify.h"

static int fd, wd, up;

static void child(void)
{
	told_of(fd, wd, IN_CREATE, "first");
	same(eventfd_write(up, 1), 0);
}

void victim(void)
{
	char *dir = subdir("dir");
	int ep = must(epoll_create1(0));
	uint64_t n;
	pid_t pid;

	fd = must(inotify_init1(0));
	wd = must(inotify_add_watch(fd, dir, IN_CREATE));
	up = must(eventfd(0, 0));
	watch_add(ep, fd, EPOLLIN, 8);
	pid = victim_child(child);
	victim_blocked(pid, SYS_read);
	victim_move();
	reports_none(ep);
	touch(dir, "first");
	same(read(up, &n, sizeof(n)), 8);
	victim_reap(pid, 0);
	reports_none(ep);
	touch(dir, "second");
	reports(ep, EPOLLIN, 8);
	told_of(fd, wd, IN_CREATE, "second");
}
