/* SPDX-License-Identifier: MIT */
/*
 * handover.c - open descriptions passed between the restore and its puppets
 *
 * What is opened before the puppets are made they inherit.  What can only be
 * made afterwards, or only in one of them, goes over a socket that all have:
 * unix(7), SCM_RIGHTS.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "image/restore.h"
#include "proc/proc.h"

#define RIGHTS_MAX 200		/* the kernel's SCM_MAX_FD is 253 */

int handover_open(struct restore *r, struct failure *f)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_errno(f, 0, "cannot make a socket");
	if (opened_add(r, &r->handover, 0, pair[0], f) < 0) {
		close(pair[1]);
		return -1;
	}
	return opened_add(r, &r->handover, 1, pair[1], f);
}

int puppet_take(struct puppet *p, int theirs, int *ours, struct failure *f)
{
	*ours = proc_take_fd(p->pid, theirs);
	return *ours < 0 ? fail_errno(f, 0, "cannot take a descriptor of "
				      "process %d", p->pid) : 0;
}

static int send_rights(struct restore *r, const int *fds, size_t n,
		       struct failure *f)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(RIGHTS_MAX * sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&control.head), fds, n * sizeof(int));
	if (sendmsg(opened_find(&r->handover, 0), &msg, MSG_NOSIGNAL) != 1)
		return fail_errno(f, 0, "cannot hand descriptors over");
	return 0;
}

/* They arrive at low numbers, which the tree's own descriptors want. */
static int move_up(struct restore *r, struct puppet *p, int *theirs, size_t n,
		   struct failure *f)
{
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	for (size_t i = 0; i < n; i++)
		batch_add(&b, "move a descriptor", SYS_fcntl, theirs[i],
			  F_DUPFD_CLOEXEC, r->fd_base);
	for (size_t i = 0; i < n; i++)
		batch_add(&b, NULL, SYS_close, theirs[i]);
	rc = batch_run(&b, f);
	for (size_t i = 0; i < n && rc == 0; i++)
		theirs[i] = batch_ret(&b, i);
	batch_free(&b);
	return rc;
}

static int receive(struct restore *r, struct puppet *p, int *theirs, size_t n,
		   struct failure *f)
{
	size_t room = CMSG_SPACE(n * sizeof(int));
	uint64_t control, msg_at;
	struct msghdr msg = { .msg_iovlen = 1, .msg_controllen = room };
	struct iovec iov = { .iov_len = 1 };
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	control = batch_data(&b, NULL, room);
	iov.iov_base = (void *)batch_data(&b, NULL, 1);
	msg.msg_iov = (void *)batch_data(&b, &iov, sizeof(iov));
	msg.msg_control = (void *)control;
	msg_at = batch_data(&b, &msg, sizeof(msg));
	batch_add(&b, "take descriptors", SYS_recvmsg,
		  opened_find(&r->handover, 1), msg_at, MSG_CMSG_CLOEXEC);
	rc = batch_run(&b, f);
	if (rc == 0) {
		const struct cmsghdr *c = batch_out(&b, control);

		if (c->cmsg_len == CMSG_LEN(n * sizeof(int)))
			memcpy(theirs, CMSG_DATA(c), n * sizeof(int));
		else
			rc = fail(f, STATUS_SYSTEM, "process %d cannot have so "
				  "many descriptors", p->pid);
	}
	batch_free(&b);
	return rc < 0 ? -1 : move_up(r, p, theirs, n, f);
}

int puppet_give(struct restore *r, struct puppet *p, const int *fds,
		int *theirs, size_t n, struct failure *f)
{
	for (size_t i = 0; i < n; i += RIGHTS_MAX) {
		size_t some = n - i < RIGHTS_MAX ? n - i : RIGHTS_MAX;

		if (send_rights(r, fds + i, some, f) < 0 ||
		    receive(r, p, theirs + i, some, f) < 0)
			return -1;
	}
	return 0;
}

int puppet_replace(struct restore *r, struct puppet *p,
		   const struct replacement *v, size_t n, struct failure *f)
{
	int *fds = xcalloc(n + 1, sizeof(*fds));
	int *theirs = xcalloc(n + 1, sizeof(*theirs));
	struct batch b;
	int rc;

	for (size_t i = 0; i < n; i++)
		fds[i] = v[i].fd;
	rc = puppet_give(r, p, fds, theirs, n, f);
	puppet_batch(p, &b);
	for (size_t i = 0; i < n && rc == 0; i++) {
		batch_add(&b, "replace a descriptor", SYS_dup3, theirs[i],
			  v[i].at, O_CLOEXEC);
		batch_add(&b, NULL, SYS_close, theirs[i]);
		if (dup3(v[i].fd, v[i].at, O_CLOEXEC) < 0)
			rc = fail_errno(f, 0, "cannot replace a descriptor");
		else
			rc = batch_make_room(&b, f);
	}
	if (rc == 0)
		rc = batch_run(&b, f);
	batch_free(&b);
	free(fds);
	free(theirs);
	return rc;
}
