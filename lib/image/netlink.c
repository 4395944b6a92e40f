/* SPDX-License-Identifier: MIT */
/*
 * netlink.c - sockets to the kernel: their port, peer, groups and options
 *
 * What waits to be read came from the kernel of the source and cannot be put
 * there again: it is an obstacle, since a program may be waiting for just that
 * answer.  A port that somebody has here, perhaps the source, is replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image/socket.h"

static const struct field fields[] = {
	FIELD(struct rec_netlink, port, FIELD_UINT),
	FIELD(struct rec_netlink, type, FIELD_UINT),
	FIELD(struct rec_netlink, bound, FIELD_BOOL),
	FIELD(struct rec_netlink, flags, FIELD_UINT, .hex = true),
	SOCKET_OWNER_FIELD(struct rec_netlink),
	FIELD(struct rec_netlink, groups, FIELD_WORDS, .max = 4096),
	SOCKET_OPTIONS_FIELD(struct rec_netlink),
	FIELD(struct rec_netlink, protocol, FIELD_UINT),
	FIELD(struct rec_netlink, peer_port, FIELD_UINT),
	FIELD(struct rec_netlink, peer_groups, FIELD_UINT, .hex = true),
};
static const struct schema schema =
	SCHEMA("netlink socket", struct rec_netlink, fields);

#define MEMINFO		55	/* SO_MEMINFO */
#define KEPT_FLAGS	(O_NONBLOCK | O_ASYNC)
#define GROUPS_MAX	4096

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return !strcmp(fd->protocol, "NETLINK");
}

static int get_int(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

static bool has_unread(int fd)
{
	uint32_t info[16] = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, MEMINFO, info, &len) == 0 && info[0];
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	struct failure mine = { 0 };
	int dup = socket_take(s, fd->fd, &mine);

	if (dup < 0) {
		if (c->frozen)
			*f = mine;
		return c->frozen ? -1 : 0;
	}
	socket_check(c, s, fd, dup);
	if (has_unread(dup)) {
		c->passing = true;
		obstacle_add(c, s, NULL, "has not read yet what the kernel has "
			     "sent it (a netlink socket, descriptor %d)",
			     fd->fd);
	}
	close(dup);
	return 0;
}

/* A map of bits, from group 1 on. */
static void read_groups(int fd, struct list *groups)
{
	uint32_t bits[GROUPS_MAX / 32] = { 0 };
	socklen_t len = sizeof(bits);

	if (getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, bits,
		       &len) < 0)
		return;
	for (uint32_t i = 0; i < GROUPS_MAX && i < 8 * len; i++)
		if (bits[i / 32] & 1u << i % 32)
			*(uint64_t *)list_add(groups, sizeof(uint64_t)) = i + 1;
}

static int record(struct capture *c, int fd, struct rec_netlink *rec,
		  struct failure *f)
{
	struct sockaddr_nl own = { 0 }, peer = { 0 };
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);

	rec->type = get_int(fd, SO_TYPE);
	rec->protocol = get_int(fd, SO_PROTOCOL);
	if (getsockname(fd, (struct sockaddr *)&own, &own_len) == 0)
		rec->port = own.nl_pid;
	rec->bound = own.nl_pid;
	if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0) {
		rec->peer_port = peer.nl_pid;
		rec->peer_groups = peer.nl_groups;
	}
	read_groups(fd, &rec->groups);
	return socket_read(c, fd, &rec->options, &rec->owner, f);
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_netlink *rec;
	int dup = socket_take(s, fd->fd, f), rc;

	if (dup < 0)
		return -1;
	rec = image_add(&c->image, RECORD_NETLINK, id);
	rec->flags = fd->info.flags & KEPT_FLAGS;
	rc = record(c, dup, rec, f);
	close(dup);
	return rc;
}

const struct fd_kind fd_kind_netlink = {
	.claims = claims, .check = check, .capture = capture,
};

/* ---- words ---- */

static void describe(FILE *to, const void *data)
{
	const struct rec_netlink *rec = data;

	fprintf(to, "netlink socket, protocol %u, port %u", rec->protocol,
		rec->port);
	if (rec->groups.n)
		fprintf(to, ", in %zu group%s", rec->groups.n,
			rec->groups.n == 1 ? "" : "s");
}

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_NETLINK, struct rec_netlink, n) {
		bool sound = (n->type == SOCK_RAW || n->type == SOCK_DGRAM) &&
			n->protocol < 32 && !(n->flags & ~KEPT_FLAGS);

		list_each(&n->groups, uint64_t, g)
			sound &= *g && *g <= GROUPS_MAX;
		if (!sound)
			return fail(f, STATUS_STREAM, "netlink socket %llu is "
				    "not sound", (unsigned long long)n_r->id);
		if (socket_verify(&n->options, &n->owner, "a netlink socket",
				  f) < 0)
			return -1;
	}
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_NETLINK, struct rec_netlink, n) {
		int fd = socket(AF_NETLINK, n->type | SOCK_CLOEXEC,
				n->protocol);

		if (fd < 0)
			return fail_errno(f, 0, "cannot make a netlink socket of "
					  "protocol %u", n->protocol);
		if (opened_add(r, &r->opened, n_r->id, fd, f) < 0)
			return -1;
	}
	return 0;
}

static int bind_port(struct restore *r, int fd, const struct rec_netlink *n)
{
	int ms = restore_source_ends(r) ? SOURCE_ENDS_MS : 0;
	struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_pid = n->port };

	for (;;) {
		if (bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -1;
		if (ms-- > 0) {
			usleep(1000);
			continue;
		}
		warning_add(r, "a netlink socket has another port: somebody has "
			    "%u here", n->port);
		own.nl_pid = 0;
		return bind(fd, (struct sockaddr *)&own, sizeof(own));
	}
}

static void join(struct restore *r, int fd, const struct rec_netlink *n)
{
	list_each(&n->groups, uint64_t, g) {
		int group = *g;

		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			       sizeof(group)) < 0)
			warning_add(r, "a netlink socket of protocol %u cannot "
				    "join group %d: %s", n->protocol, group,
				    strerror(errno));
	}
}

static int place(struct restore *r, int fd, const struct rec_netlink *n,
		 struct failure *f)
{
	struct sockaddr_nl peer = {
		.nl_family = AF_NETLINK, .nl_pid = n->peer_port,
		.nl_groups = n->peer_groups,
	};

	if (n->bound && bind_port(r, fd, n) < 0)
		return fail_errno(f, 0, "cannot give its port to a netlink "
				  "socket");
	if ((n->peer_port || n->peer_groups) &&
	    connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0)
		warning_add(r, "a netlink socket is not connected any more: %s",
			    strerror(errno));
	join(r, fd, n);
	if (socket_set(r, fd, &n->options, "a netlink socket", f) < 0)
		return -1;
	socket_own(r, fd, &n->owner, "a netlink socket");
	fcntl(fd, F_SETFL, n->flags);
	return 0;
}

/* Of all, not of each process's: they share them. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent)
		return 0;
	image_each(&r->image, RECORD_NETLINK, struct rec_netlink, n)
		if (place(r, opened_find(&r->opened, n_r->id), n, f) < 0)
			return -1;
	return 0;
}

const struct kind kind_netlink = {
	.type = RECORD_NETLINK, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .prepare = prepare, .settle = settle,
	.describe = describe,
};
