/* SPDX-License-Identifier: MIT */
/* epoll-exclusive - EPOLLEXCLUSIVE and EPOLLWAKEUP are kept: the first forbids
 * changes, both are shown in fdinfo */
#include "epoll.h"

static const char *shown(int ep)
{
	static __thread char value[256];
	char path[64], *end;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ep);
	snprintf(value, sizeof(value), "%s", field(path, "tfd"));
	end = strstr(value, "pos:");
	check(end);
	*end = '\0';
	return value;
}

void victim(void)
{
	int one = must(epoll_create1(0)), two = must(epoll_create1(0));
	int fd = must(eventfd(0, 0));
	struct epoll_event ev = { .events = EPOLLIN };
	char was_one[256], was_two[256];

	watch_add(one, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLWAKEUP, 1);
	watch_add(two, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET, 2);
	strcpy(was_one, shown(one));
	strcpy(was_two, shown(two));
	check(strcmp(was_one, was_two));
	victim_move();
	same_text(shown(one), was_one);
	same_text(shown(two), was_two);
	refused(epoll_ctl(one, EPOLL_CTL_MOD, fd, &ev), EINVAL);
	reports_none(one);
	same(eventfd_write(fd, 1), 0);
	reports(one, EPOLLIN, 1);
	reports(two, EPOLLIN, 2);
}
