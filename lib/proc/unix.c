/* SPDX-License-Identifier: MIT */
/*
 * unix.c - all UNIX domain sockets, as NETLINK_SOCK_DIAG tells them
 *
 * Only there does the kernel say who is connected to whom, and who waits to be
 * accepted.  It takes no privilege.  The structs are linux/unix_diag.h's.
 */
#include "proc/unix.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM	(64 << 10)

static int ask(int netlink)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req diag;
	} req = {
		.head = {
			.nlmsg_len = sizeof(req),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.diag = {
			.sdiag_family = AF_UNIX, .udiag_states = ~0u,
			.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS |
				UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS |
				UDIAG_SHOW_RQLEN,
		},
	};

	return send(netlink, &req, sizeof(req), 0) < 0 ? -1 : 0;
}

static void add_waiting(struct proc_unix *u, const uint32_t *inos, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*(uint32_t *)list_add(&u->waiting, sizeof(uint32_t)) = inos[i];
}

static void take_attribute(struct proc_unix *u, const struct rtattr *a)
{
	size_t len = RTA_PAYLOAD(a);
	const void *data = RTA_DATA(a);

	switch (a->rta_type) {
	case UNIX_DIAG_NAME:
		u->name_len = len < UNIX_NAME_MAX ? len : UNIX_NAME_MAX;
		memcpy(u->name, data, u->name_len);
		break;
	case UNIX_DIAG_VFS:
		u->has_file = true;
		u->file_dev = ((const struct unix_diag_vfs *)data)->udiag_vfs_dev;
		u->file_ino = ((const struct unix_diag_vfs *)data)->udiag_vfs_ino;
		break;
	case UNIX_DIAG_PEER:
		u->has_peer = true;
		u->peer = *(const uint32_t *)data;
		break;
	case UNIX_DIAG_ICONS:
		add_waiting(u, data, len / sizeof(uint32_t));
		break;
	case UNIX_DIAG_RQLEN:
		u->rqueue = ((const struct unix_diag_rqlen *)data)->udiag_rqueue;
		u->wqueue = ((const struct unix_diag_rqlen *)data)->udiag_wqueue;
		break;
	case UNIX_DIAG_SHUTDOWN:
		u->shutdown = *(const uint8_t *)data;
		break;
	}
}

static void take_socket(struct list *sockets, const struct nlmsghdr *h)
{
	const struct unix_diag_msg *m = NLMSG_DATA(h);
	struct proc_unix *u = list_add(sockets, sizeof(*u));
	const struct rtattr *a = (const void *)(m + 1);
	int left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));

	u->ino = m->udiag_ino;
	u->type = m->udiag_type;
	u->state = m->udiag_state;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		take_attribute(u, a);
}

/* 1 at the end of the answer. */
static int take_some(struct list *sockets, const void *answer, ssize_t len)
{
	const struct nlmsghdr *h = answer;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR) {
			errno = -((struct nlmsgerr *)NLMSG_DATA(h))->error;
			return -1;
		}
		take_socket(sockets, h);
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct proc_unix *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

int proc_unix(struct list *sockets)
{
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			     NETLINK_SOCK_DIAG);
	void *answer = xmalloc(ROOM);
	int rc = netlink < 0 ? -1 : ask(netlink);

	*sockets = (struct list){ 0 };
	while (rc == 0) {
		ssize_t n = recv(netlink, answer, ROOM, 0);

		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? -1 : take_some(sockets, answer, n);
	}
	if (netlink >= 0)
		close(netlink);
	free(answer);
	list_sort(sockets, sizeof(struct proc_unix), compare);
	return rc < 0 ? -1 : 0;
}

void proc_unix_free(struct list *sockets)
{
	list_each(sockets, struct proc_unix, u)
		list_free(&u->waiting);
	list_free(sockets);
}

const struct proc_unix *proc_unix_find(const struct list *sockets, uint32_t ino)
{
	struct proc_unix key = { .ino = ino };

	return ino && sockets->n ?
		bsearch(&key, sockets->items, sockets->n, sizeof(key), compare) :
		NULL;
}
