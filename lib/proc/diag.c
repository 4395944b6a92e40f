/* SPDX-License-Identifier: MIT */
/* diag.c - what the kernel tells of all sockets of a family: sock_diag(7) */
#include "proc/diag.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM	(64 << 10)

static int ask(int netlink, const void *diag, size_t len)
{
	struct nlmsghdr head = {
		.nlmsg_len = NLMSG_LENGTH(len),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	struct iovec iov[2] = {
		{ &head, sizeof(head) }, { (void *)diag, len },
	};

	return writev(netlink, iov, 2) < 0 ? -1 : 0;
}

/* 1 at the end of the answer. */
static int take_some(const void *answer, ssize_t len, struct list *to,
		     void (*take)(struct list *, const struct nlmsghdr *))
{
	const struct nlmsghdr *h = answer;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR) {
			errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
			return -1;
		}
		take(to, h);
	}
	return 0;
}

int diag_dump(const void *diag, size_t len, struct list *to,
	      void (*take)(struct list *to, const struct nlmsghdr *answer))
{
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			     NETLINK_SOCK_DIAG);
	void *answer = xmalloc(ROOM);
	int rc = netlink < 0 ? -1 : ask(netlink, diag, len);

	while (rc == 0) {
		ssize_t n = recv(netlink, answer, ROOM, 0);

		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? -1 : take_some(answer, n, to, take);
	}
	if (netlink >= 0)
		close(netlink);
	free(answer);
	return rc < 0 ? -1 : 0;
}
