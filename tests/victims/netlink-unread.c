/* SPDX-License-Identifier: MIT */
/* netlink-unread - an answer of the kernel that waits cannot be moved */
/* refused: the kernel of another machine would have to give it */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "victim.h"

void victim(void)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg gen;
	} m = { { sizeof(m), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		{ AF_UNSPEC } };
	int fd = must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	char buf[32768];

	same(send(fd, &m, sizeof(m), 0), sizeof(m));
	victim_move();
	check(recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0);
}
