/* SPDX-License-Identifier: MIT */
/*
 * packet.c - sockets that see the packets of a device: packet(7)
 *
 * A socket gets its options and its filter before it hears of any device, so
 * that nothing comes in that the program did not ask for.  Devices go by their
 * names.  What waits to be read is lost, as if it had come while the queue was
 * full: only the first packet could be looked at, and none be put back.  What
 * PACKET_STATISTICS counts begins anew, as at each look at it.
 *
 * Not here are rings in memory (PACKET_RX_RING): where the kernel is in one is
 * told by nobody.  Nor are groups whose members a program chooses between.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image/say.h"
#include "image/socket.h"
#include "proc/packet.h"

static const struct field member_fields[] = {
	FIELD(struct rec_packet_member, type, FIELD_UINT),
	FIELD(struct rec_packet_member, count, FIELD_UINT),
	FIELD(struct rec_packet_member, device, FIELD_TEXT),
	FIELD(struct rec_packet_member, address, FIELD_BLOB,
	      .max = PACKET_ADDRESS_MAX),
};
static const struct schema member_schema =
	SCHEMA("membership", struct rec_packet_member, member_fields);

static const struct field fields[] = {
	FIELD(struct rec_packet, copy, FIELD_UINT),
	FIELD(struct rec_packet, type, FIELD_UINT),
	FIELD(struct rec_packet, flags, FIELD_UINT, .hex = true),
	SOCKET_OWNER_FIELD(struct rec_packet),
	FIELD(struct rec_packet, device, FIELD_TEXT),
	FIELD(struct rec_packet, fanout, FIELD_UINT, .hex = true),
	FIELD(struct rec_packet, unread, FIELD_BOOL),
	FIELD(struct rec_packet, grouped, FIELD_BOOL),
	FIELD(struct rec_packet, members, FIELD_STRUCTS, .max = 4096,
	      .sub = &member_schema),
	SOCKET_OPTIONS_FIELD(struct rec_packet),
	FIELD(struct rec_packet, protocol, FIELD_UINT, .hex = true),
};
static const struct schema schema =
	SCHEMA("packet socket", struct rec_packet, fields);

#define MEMINFO		55	/* SO_MEMINFO */
#define KEPT_FLAGS	(O_NONBLOCK | O_ASYNC)
#define COUNT_MAX	4096	/* times that a membership has been added */
#define GROUP_ROOM	256	/* of a fanout group, unless asked for */
#define FANOUT_TYPE(v)	((v) >> 16 & 0xff)

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return !strcmp(fd->protocol, "PACKET");
}

static int get_int(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

static bool has_unread(int fd)
{
	uint32_t info[16] = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, MEMINFO, info, &len) == 0 && info[0];
}

/* What the kernel tells of it, to be freed with @all; NULL: nothing. */
static const struct proc_packet *told(const struct source_fd *fd,
				      struct list *all)
{
	const struct proc_packet *found = NULL;

	if (proc_packet(all) < 0)
		return NULL;
	list_each(all, struct proc_packet, p)
		if (p->ino == (uint32_t)fd->st.st_ino)
			found = p;
	return found;
}

/* Why it cannot be moved; NULL if it can. */
static const char *unmovable(int sock, const struct proc_packet *p)
{
	struct sockaddr_ll own = { 0 };
	socklen_t len = sizeof(own);
	int type = get_int(sock, SOL_SOCKET, SO_TYPE), group;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return "of the old sort (SOCK_PACKET)";
	if (!p)
		return "whose state is not told here (packet_diag)";
	if (p->ring)
		return "with a ring in memory (PACKET_RX_RING, PACKET_TX_RING)";
	group = get_int(sock, SOL_PACKET, PACKET_FANOUT);
	if (p->fanout && (FANOUT_TYPE(group) == PACKET_FANOUT_CBPF ||
			  FANOUT_TYPE(group) == PACKET_FANOUT_EBPF))
		return "of a group with a program that chooses between its "
		       "members (PACKET_FANOUT_DATA)";
	if (getsockname(sock, (struct sockaddr *)&own, &len) == 0 &&
	    own.sll_ifindex < 0)
		return "whose device has gone";
	return NULL;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	struct failure mine = { 0 };
	struct list all = { 0 };
	int dup = socket_take(s, fd->fd, &mine);
	const char *why;

	if (dup < 0) {
		if (c->frozen)
			*f = mine;
		return c->frozen ? -1 : 0;
	}
	socket_check(c, s, fd, dup);
	why = unmovable(dup, told(fd, &all));
	if (why)
		obstacle_add(c, s, "close it, or leave it behind (--drop)",
			     "has a packet socket %s (descriptor %d), which "
			     "cannot be moved", why, fd->fd);
	proc_packet_free(&all);
	close(dup);
	return 0;
}

static char *device_name(uint32_t index)
{
	char name[IF_NAMESIZE];

	return if_indextoname(index, name) ? xstrdup(name) : NULL;
}

static void keep_members(const struct proc_packet *p, struct list *members)
{
	list_each(&p->members, struct proc_packet_member, m) {
		struct rec_packet_member *rec;
		char *device = device_name(m->index);

		if (!device)	/* it is going at this moment */
			continue;
		rec = list_add(members, sizeof(*rec));
		rec->type = m->type;
		rec->count = m->count;
		rec->device = device;
		rec->address.len = m->address_len;
		rec->address.data = xmalloc(m->address_len);
		memcpy(rec->address.data, m->address, m->address_len);
	}
}

static int record(struct capture *c, const struct source *s,
		  const struct source_fd *fd, int sock, struct rec_packet *rec,
		  struct failure *f)
{
	struct sockaddr_ll own = { 0 };
	socklen_t len = sizeof(own);
	struct list all = { 0 };
	const struct proc_packet *p = told(fd, &all);
	const char *why = unmovable(sock, p);

	if (!why) {
		getsockname(sock, (struct sockaddr *)&own, &len);
		rec->protocol = ntohs(own.sll_protocol);
		if (own.sll_ifindex)
			rec->device = device_name(own.sll_ifindex);
		if (own.sll_ifindex && !rec->device)
			why = "whose device has gone";
	}
	if (!why) {
		rec->type = get_int(sock, SOL_SOCKET, SO_TYPE);
		rec->unread = has_unread(sock);
		rec->copy = p->copy;
		rec->grouped = p->fanout;
		rec->fanout = p->fanout ?
			(uint32_t)get_int(sock, SOL_PACKET, PACKET_FANOUT) : 0;
		keep_members(p, &rec->members);
	}
	proc_packet_free(&all);
	if (why)
		return fail(f, STATUS_OBSTACLE, "process %d has a packet socket "
			    "%s (descriptor %d), which cannot be moved", s->pid,
			    why, fd->fd);
	return socket_read(c, sock, &rec->options, &rec->owner, f);
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_packet *rec;
	int dup = socket_take(s, fd->fd, f), rc;

	if (dup < 0)
		return -1;
	rec = image_add(&c->image, RECORD_PACKET, id);
	rec->flags = fd->info.flags & KEPT_FLAGS;
	rc = record(c, s, fd, dup, rec, f);
	close(dup);
	return rc;
}

const struct fd_kind fd_kind_packet = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- words ---- */

static void describe(FILE *to, const void *data)
{
	const struct rec_packet *rec = data;

	fprintf(to, "packet socket, protocol 0x%04x, of ", rec->protocol);
	if (rec->device)
		put_text(to, rec->device);
	else
		fputs("all devices", to);
	if (rec->grouped)
		fprintf(to, ", in group %u", rec->fanout & 0xffff);
}

/* ---- restore ---- */

static bool name_sound(const char *device)
{
	return device && device[0] && strlen(device) < IF_NAMESIZE;
}

static bool sound(const struct rec_packet *p)
{
	list_each(&p->members, struct rec_packet_member, m)
		if (m->type > PACKET_MR_UNICAST || !name_sound(m->device) ||
		    !m->count || m->count > COUNT_MAX)
			return false;
	return (p->type == SOCK_RAW || p->type == SOCK_DGRAM) &&
	       p->protocol <= UINT16_MAX && !(p->flags & ~KEPT_FLAGS) &&
	       p->copy <= INT32_MAX && (p->grouped || !p->fanout) &&
	       (!p->grouped || p->protocol) &&
	       FANOUT_TYPE(p->fanout) != PACKET_FANOUT_CBPF &&
	       FANOUT_TYPE(p->fanout) != PACKET_FANOUT_EBPF &&
	       (!p->device || name_sound(p->device));
}

static void need_device(struct restore *r, const char *device)
{
	if (!if_nametoindex(device))
		differs_add(r, "the device %s of a packet socket is not here",
			    device);
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PACKET, struct rec_packet, p) {
		if (!sound(p))
			return fail(f, STATUS_STREAM, "packet socket %llu is not "
				    "sound", (unsigned long long)p_r->id);
		if (socket_verify(&p->options, &p->owner, "a packet socket",
				  f) < 0)
			return -1;
		if (p->device)
			need_device(r, p->device);
		list_each(&p->members, struct rec_packet_member, m)
			if (!p->device || strcmp(p->device, m->device))
				need_device(r, m->device);
	}
	return 0;
}

/* Of no protocol it hears nothing yet. */
static int make(struct restore *r, uint64_t id, const struct rec_packet *p,
		struct failure *f)
{
	int fd = socket(AF_PACKET, p->type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail_errno(f, 0, "cannot make a packet socket");
	if (socket_set(r, fd, &p->options, "a packet socket", f) < 0) {
		close(fd);
		return -1;
	}
	if (p->copy)
		setsockopt(fd, SOL_PACKET, PACKET_COPY_THRESH, &p->copy,
			   sizeof(p->copy));
	return opened_add(r, &r->opened, id, fd, f);
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PACKET, struct rec_packet, p)
		if (make(r, p_r->id, p, f) < 0)
			return -1;
	return 0;
}

static int bind_device(int fd, const struct rec_packet *p, struct failure *f)
{
	const char *device = p->device ? p->device : "all devices";
	struct sockaddr_ll own = {
		.sll_family = AF_PACKET, .sll_protocol = htons(p->protocol),
		.sll_ifindex = p->device ? if_nametoindex(p->device) : 0,
	};

	if (!p->device && !p->protocol)
		return 0;
	if (p->device && !own.sll_ifindex)
		return fail(f, STATUS_DIFFERS, "the device %s of a packet "
			    "socket is not here", device);
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return fail_errno(f, 0, "cannot bind a packet socket to %s",
				  device);
	/* That a device is down was told to the program long ago. */
	get_int(fd, SOL_SOCKET, SO_ERROR);
	return 0;
}

static int join(int fd, const struct rec_packet_member *m)
{
	struct {	/* the kernel's struct packet_mreq_max */
		int index;
		unsigned short type, len;
		uint8_t address[PACKET_ADDRESS_MAX];
	} req = {
		.index = if_nametoindex(m->device), .type = m->type,
		.len = m->address.len,
	};

	if (m->address.len)
		memcpy(req.address, m->address.data, m->address.len);
	for (uint32_t i = 0; i < m->count; i++)
		if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &req,
			       sizeof(req)) < 0)
			return -1;
	return 0;
}

static void join_all(struct restore *r, int fd, const struct rec_packet *p)
{
	list_each(&p->members, struct rec_packet_member, m)
		if (join(fd, m) < 0)
			warning_add(r, "a packet socket cannot be a member of "
				    "what it was on %s: %s", m->device,
				    strerror(errno));
}

/* ---- restore: groups that share packets ---- */

/* The number of a group, there and here. */
struct group {
	uint32_t was, now;
};

static bool taken(uint16_t number)
{
	struct list all = { 0 };
	bool found = false;

	if (proc_packet(&all) == 0)
		list_each(&all, struct proc_packet, p)
			found |= p->fanout && p->fanout_id == number;
	proc_packet_free(&all);
	return found;
}

/* The first of it: a number that others have would lead into their group. */
static uint32_t choose(struct restore *r, uint32_t was)
{
	int ms = restore_source_ends(r) ? SOURCE_ENDS_MS : 0;

	while (taken(was)) {
		if (ms-- <= 0) {
			warning_add(r, "a group of packet sockets has another "
				    "number: somebody has %u here",
				    was & 0xffff);
			return (was & ~0xffffu) |
			       PACKET_FANOUT_FLAG_UNIQUEID << 16;
		}
		usleep(1000);
	}
	return was;
}

static uint32_t members_of(const struct restore *r, uint32_t fanout)
{
	uint32_t n = 0;

	image_each(&r->image, RECORD_PACKET, struct rec_packet, p)
		n += p->grouped && p->fanout == fanout;
	return n;
}

static int join_group(struct restore *r, int fd, const struct rec_packet *p,
		      struct list *groups, struct failure *f)
{
	uint32_t members = members_of(r, p->fanout);
	struct group *g = NULL;
	struct {	/* the kernel's struct fanout_args */
		uint32_t group, room;
	} arg = { 0, members };

	list_each(groups, struct group, known)
		if (known->was == p->fanout)
			g = known;
	arg.group = g ? g->now : choose(r, p->fanout);
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &arg,
		       members > GROUP_ROOM ? sizeof(arg) :
		       sizeof(arg.group)) < 0)
		return fail_errno(f, 0, "cannot put a packet socket into its "
				  "group");
	if (!g)
		*(struct group *)list_add(groups, sizeof(*g)) = (struct group){
			p->fanout, get_int(fd, SOL_PACKET, PACKET_FANOUT) };
	return 0;
}

static int place(struct restore *r, int fd, const struct rec_packet *p,
		 struct list *groups, struct failure *f)
{
	if (bind_device(fd, p, f) < 0)
		return -1;
	join_all(r, fd, p);
	if (p->grouped && join_group(r, fd, p, groups, f) < 0)
		return -1;
	if (p->unread)
		warning_add(r, "packets that waited in a packet socket are "
			    "lost");
	socket_own(r, fd, &p->owner, "a packet socket");
	fcntl(fd, F_SETFL, p->flags);
	return 0;
}

/* Of all, not of each process's: they share them. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	struct list groups = { 0 };
	int rc = 0;

	if (p->parent)
		return 0;
	image_each(&r->image, RECORD_PACKET, struct rec_packet, s)
		if (rc == 0)
			rc = place(r, opened_find(&r->opened, s_r->id), s,
				   &groups, f);
	list_free(&groups);
	return rc;
}

const struct kind kind_packet = {
	.type = RECORD_PACKET, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .prepare = prepare, .settle = settle,
	.describe = describe,
};
