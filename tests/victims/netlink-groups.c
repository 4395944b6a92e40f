/* SPDX-License-Identifier: MIT */
/* netlink-groups - a socket hears of what it has asked to be told of */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "victim.h"

void victim(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE };
	int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK,
			     NETLINK_ROUTE));
	int more = RTNLGRP_IPV6_RULE;
	uint32_t was[8] = { 0 }, now[8] = { 0 };
	socklen_t len = sizeof(was);

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	must(setsockopt(fd, 270, NETLINK_ADD_MEMBERSHIP, &more, sizeof(more)));
	must(getsockopt(fd, 270, NETLINK_LIST_MEMBERSHIPS, was, &len));
	check(was[0]);
	victim_move();
	len = sizeof(now);
	must(getsockopt(fd, 270, NETLINK_LIST_MEMBERSHIPS, now, &len));
	check(!memcmp(was, now, sizeof(now)));
	len = sizeof(a);
	must(getsockname(fd, (struct sockaddr *)&a, &len));
	same(a.nl_groups, was[0]);
	check(file_flags(fd) & O_NONBLOCK);
}
