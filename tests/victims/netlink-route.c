/* SPDX-License-Identifier: MIT */
/* netlink-route - a socket to the kernel still gets answers, and keeps its port */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "victim.h"

static void ask(int fd, int seq)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg gen;
	} m = { { sizeof(m), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, seq, 0 },
		{ AF_UNSPEC } };
	char buf[32768];
	int links = 0;

	same(send(fd, &m, sizeof(m), 0), sizeof(m));
	for (bool done = false; !done;) {
		ssize_t n = must(recv(fd, buf, sizeof(buf), 0));

		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, n);
		     h = NLMSG_NEXT(h, n)) {
			same(h->nlmsg_seq, seq);
			done |= h->nlmsg_type == NLMSG_DONE;
			links += h->nlmsg_type == RTM_NEWLINK;
		}
	}
	check(links > 0);
}

void victim(void)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK }, now;
	socklen_t len = sizeof(a);
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)), one = 1;
	int idle = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT));

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	must(getsockname(fd, (struct sockaddr *)&a, &len));
	must(setsockopt(fd, 270, NETLINK_EXT_ACK, &one, sizeof(one)));
	ask(fd, 1);
	victim_move();
	ask(fd, 2);
	len = sizeof(now);
	must(getsockname(fd, (struct sockaddr *)&now, &len));
	check(now.nl_pid != 0);
	one = 0;
	len = sizeof(one);
	must(getsockopt(fd, 270, NETLINK_EXT_ACK, &one, &len));
	same(one, 1);
	must(getsockopt(idle, SOL_SOCKET, SO_PROTOCOL, &one, &len));
	same(one, NETLINK_KOBJECT_UEVENT);
}
