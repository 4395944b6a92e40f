/* SPDX-License-Identifier: MIT */
/*
 * unix.c - all UNIX domain sockets, as sock_diag(7) tells them
 *
 * Only there does the kernel say who is connected to whom, and who waits to be
 * accepted.  The structs are linux/unix_diag.h's.
 */
#include "proc/unix.h"

#include <linux/rtnetlink.h>
#include <linux/unix_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "proc/diag.h"

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

static int compare(const void *a, const void *b)
{
	const struct proc_unix *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

int proc_unix(struct list *sockets)
{
	struct unix_diag_req diag = {
		.sdiag_family = AF_UNIX, .udiag_states = ~0u,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS |
			UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN,
	};
	int rc;

	*sockets = (struct list){ 0 };
	rc = diag_dump(&diag, sizeof(diag), sockets, take_socket);
	list_sort(sockets, sizeof(struct proc_unix), compare);
	return rc;
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
