/* SPDX-License-Identifier: MIT */
/*
 * socket.c - the options of sockets, of all families
 *
 * What can be asked with getsockopt(2) and set again is a row in the table
 * below, in the order in which it is set.  Some must be set before the socket has
 * its address; the others when it is what it was.  A socket is compared with a new one
 * of its domain, type and protocol, and only what differs is recorded: the
 * usual is not the same everywhere.  A row that a family does not have is
 * passed over, so that rows of any level may stand here.
 *
 * Not here is what cannot be asked for, such as an eBPF program (an obstacle),
 * and what is no setting but a state, such as SO_ERROR.
 */
#include "image/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* Newer than the headers that this may be built with. */
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#endif
#ifndef SO_RCVPRIORITY
#define SO_RCVPRIORITY	82
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif

#define VALUE_MAX	(BPF_MAXINSNS * sizeof(struct sock_filter))

static const struct field socket_option_fields[] = {
	FIELD(struct rec_option, name, FIELD_UINT),
	FIELD(struct rec_option, level, FIELD_UINT),
	FIELD(struct rec_option, value, FIELD_BLOB, .max = VALUE_MAX),
};
const struct schema socket_option_schema =
	SCHEMA("option", struct rec_option, socket_option_fields);

static const struct field socket_owner_fields[] = {
	FIELD(struct rec_owner, id, FIELD_UINT),
	FIELD(struct rec_owner, type, FIELD_UINT),
	FIELD(struct rec_owner, signal, FIELD_UINT),
};
const struct schema socket_owner_schema =
	SCHEMA("owner", struct rec_owner, socket_owner_fields);

/* ---- the table ---- */

enum option_sort {
	OPT_PLAIN = 0,		/* set as it was got */
	OPT_BUFFER,		/* got doubled; @force is for the privileged */
	OPT_FILTER,		/* counted in instructions, set by struct */
};

struct option {
	int level, name;
	const char *text;
	size_t size;		/* of the value; 0: of any length */
	enum option_sort sort;
	int force;
	bool vital;		/* without it the program would misbehave */
	bool soon;		/* must be set before it has its address */
	bool apart;		/* means something else once connected */
	bool packets;		/* not to be set in a stream, which may have one */
};

#define OPT(optname, bytes, ...)					\
	{ .level = SOL_SOCKET, .name = optname, .text = #optname,	\
	  .size = bytes, ##__VA_ARGS__ }
#define INT sizeof(int)
/* Of another level; the names are not all known to the headers. */
#define ROW(optlevel, optname, opttext, ...)				\
	{ .level = optlevel, .name = optname, .text = opttext,		\
	  ##__VA_ARGS__ }

static const struct option table[] = {
	OPT(SO_DEBUG, INT),
	OPT(SO_REUSEADDR, INT, .soon = true),
	OPT(SO_REUSEPORT, INT, .soon = true),
	OPT(SO_DONTROUTE, INT),
	OPT(SO_BROADCAST, INT),
	OPT(SO_SNDBUF, INT, .sort = OPT_BUFFER, .force = SO_SNDBUFFORCE,
	    .soon = true),
	OPT(SO_RCVBUF, INT, .sort = OPT_BUFFER, .force = SO_RCVBUFFORCE,
	    .soon = true),
	/* Setting a size has locked it. */
	OPT(SO_BUF_LOCK, INT),
	OPT(SO_KEEPALIVE, INT),
	OPT(SO_OOBINLINE, INT),
	OPT(SO_NO_CHECK, INT),
	OPT(SO_PRIORITY, INT),
	OPT(SO_LINGER, sizeof(struct linger)),
	OPT(SO_PASSCRED, INT, .vital = true),
	OPT(SO_PASSSEC, INT),
	OPT(SO_PASSPIDFD, INT, .vital = true),
	OPT(SO_PASSRIGHTS, INT),
	OPT(SO_RCVLOWAT, INT, .vital = true),
	OPT(SO_RCVTIMEO, sizeof(struct timeval), .vital = true),
	OPT(SO_SNDTIMEO, sizeof(struct timeval), .vital = true),
	OPT(SO_BINDTODEVICE, 0, .vital = true, .soon = true),
	/* The old form, then the new: the last that is set is in force. */
	OPT(SO_TIMESTAMP, INT),
	OPT(SO_TIMESTAMPNS, INT),
	OPT(SO_TIMESTAMP_NEW, INT),
	OPT(SO_TIMESTAMPNS_NEW, INT),
	OPT(SO_TIMESTAMPING, 8),
	OPT(SO_TIMESTAMPING_NEW, 8),
	OPT(SO_MARK, INT, .soon = true),
	OPT(SO_RCVMARK, INT),
	OPT(SO_RCVPRIORITY, INT),
	OPT(SO_RXQ_OVFL, INT),
	OPT(SO_WIFI_STATUS, INT),
	OPT(SO_NOFCS, INT),
	OPT(SO_SELECT_ERR_QUEUE, INT),
	OPT(SO_BUSY_POLL, INT),
	OPT(SO_PREFER_BUSY_POLL, INT),
	OPT(SO_BUSY_POLL_BUDGET, INT),
	OPT(SO_MAX_PACING_RATE, 8),
	OPT(SO_INCOMING_CPU, INT),
	OPT(SO_ZEROCOPY, INT),
	OPT(SO_TXTIME, 8),
	OPT(SO_RESERVE_MEM, INT),
	OPT(SO_TXREHASH, INT),
	OPT(SO_PEEK_OFF, INT, .vital = true),
	OPT(SO_ATTACH_FILTER, 0, .sort = OPT_FILTER, .vital = true),
	OPT(SO_LOCK_FILTER, INT),	/* it forbids the one before */

	/* The numbers are the kernel's: some are younger than the headers. */
	ROW(0, 1, "IP_TOS", .soon = true),
	ROW(0, 2, "IP_TTL", .soon = true),
	ROW(0, 3, "IP_HDRINCL", .soon = true),
	ROW(0, 4, "IP_OPTIONS", .soon = true),
	ROW(0, 6, "IP_RECVOPTS"),
	ROW(0, 7, "IP_RETOPTS"),
	ROW(0, 8, "IP_PKTINFO"),
	ROW(0, 10, "IP_MTU_DISCOVER", .soon = true),
	ROW(0, 11, "IP_RECVERR"),
	ROW(0, 12, "IP_RECVTTL"),
	ROW(0, 13, "IP_RECVTOS"),
	ROW(0, 15, "IP_FREEBIND", .soon = true),
	ROW(0, 18, "IP_PASSSEC"),
	ROW(0, 19, "IP_TRANSPARENT", .soon = true),
	ROW(0, 20, "IP_RECVORIGDSTADDR"),
	ROW(0, 21, "IP_MINTTL"),
	ROW(0, 22, "IP_NODEFRAG"),
	ROW(0, 23, "IP_CHECKSUM"),
	ROW(0, 24, "IP_BIND_ADDRESS_NO_PORT", .soon = true),
	ROW(0, 25, "IP_RECVFRAGSIZE"),
	ROW(0, 26, "IP_RECVERR_RFC4884"),
	ROW(0, 32, "IP_MULTICAST_IF", .soon = true, .packets = true),
	ROW(0, 33, "IP_MULTICAST_TTL", .packets = true),
	ROW(0, 34, "IP_MULTICAST_LOOP"),
	ROW(0, 49, "IP_MULTICAST_ALL"),
	ROW(0, 50, "IP_UNICAST_IF", .soon = true),
	ROW(0, 51, "IP_LOCAL_PORT_RANGE", .soon = true),
	ROW(41, 2, "IPV6_2292PKTINFO"),
	ROW(41, 3, "IPV6_2292HOPOPTS"),
	ROW(41, 4, "IPV6_2292DSTOPTS"),
	ROW(41, 5, "IPV6_2292RTHDR"),
	ROW(41, 7, "IPV6_CHECKSUM"),
	ROW(41, 8, "IPV6_2292HOPLIMIT"),
	ROW(41, 11, "IPV6_FLOWINFO"),
	ROW(41, 16, "IPV6_UNICAST_HOPS", .soon = true),
	ROW(41, 17, "IPV6_MULTICAST_IF", .soon = true, .packets = true),
	ROW(41, 18, "IPV6_MULTICAST_HOPS", .packets = true),
	ROW(41, 19, "IPV6_MULTICAST_LOOP"),
	ROW(41, 23, "IPV6_MTU_DISCOVER", .soon = true),
	ROW(41, 25, "IPV6_RECVERR"),
	ROW(41, 26, "IPV6_V6ONLY", .soon = true),
	ROW(41, 29, "IPV6_MULTICAST_ALL"),
	ROW(41, 31, "IPV6_RECVERR_RFC4884"),
	ROW(41, 33, "IPV6_FLOWINFO_SEND"),
	ROW(41, 36, "IPV6_HDRINCL"),
	ROW(41, 49, "IPV6_RECVPKTINFO"),
	ROW(41, 51, "IPV6_RECVHOPLIMIT"),
	ROW(41, 53, "IPV6_RECVHOPOPTS"),
	ROW(41, 56, "IPV6_RECVRTHDR"),
	ROW(41, 58, "IPV6_RECVDSTOPTS"),
	ROW(41, 60, "IPV6_RECVPATHMTU"),
	ROW(41, 62, "IPV6_DONTFRAG", .soon = true),
	ROW(41, 66, "IPV6_RECVTCLASS"),
	ROW(41, 67, "IPV6_TCLASS", .soon = true),
	ROW(41, 70, "IPV6_AUTOFLOWLABEL"),
	ROW(41, 72, "IPV6_ADDR_PREFERENCES"),
	ROW(41, 73, "IPV6_MINHOPCOUNT"),
	ROW(41, 74, "IPV6_ORIGDSTADDR"),
	ROW(41, 75, "IPV6_TRANSPARENT", .soon = true),
	ROW(41, 76, "IPV6_UNICAST_IF", .soon = true),
	ROW(41, 77, "IPV6_RECVFRAGSIZE"),
	ROW(41, 78, "IPV6_FREEBIND", .soon = true),
	ROW(6, 1, "TCP_NODELAY"),
	ROW(6, 2, "TCP_MAXSEG", .soon = true, .apart = true),
	ROW(6, 3, "TCP_CORK"),
	ROW(6, 4, "TCP_KEEPIDLE"),
	ROW(6, 5, "TCP_KEEPINTVL"),
	ROW(6, 6, "TCP_KEEPCNT"),
	ROW(6, 7, "TCP_SYNCNT"),
	ROW(6, 8, "TCP_LINGER2"),
	ROW(6, 9, "TCP_DEFER_ACCEPT", .soon = true),
	ROW(6, 10, "TCP_WINDOW_CLAMP", .soon = true, .apart = true),
	ROW(6, 13, "TCP_CONGESTION", .soon = true),
	ROW(6, 16, "TCP_THIN_LINEAR_TIMEOUTS"),
	ROW(6, 18, "TCP_USER_TIMEOUT"),
	ROW(6, 23, "TCP_FASTOPEN", .soon = true, .apart = true),
	ROW(6, 25, "TCP_NOTSENT_LOWAT"),
	ROW(6, 27, "TCP_SAVE_SYN", .soon = true, .apart = true),
	ROW(6, 30, "TCP_FASTOPEN_CONNECT", .apart = true),
	ROW(6, 34, "TCP_FASTOPEN_NO_COOKIE"),
	ROW(6, 36, "TCP_INQ"),
	ROW(6, 37, "TCP_TX_DELAY"),
	ROW(6, 44, "TCP_RTO_MAX_MS"),
	ROW(17, 1, "UDP_CORK"),
	ROW(17, 100, "UDP_ENCAP", .soon = true),
	ROW(17, 101, "UDP_NO_CHECK6_TX"),
	ROW(17, 102, "UDP_NO_CHECK6_RX"),
	ROW(17, 103, "UDP_SEGMENT"),
	ROW(17, 104, "UDP_GRO"),
	ROW(136, 1, "UDP_CORK"),
	ROW(136, 10, "UDPLITE_SEND_CSCOV"),
	ROW(136, 11, "UDPLITE_RECV_CSCOV"),
	ROW(255, 1, "ICMP_FILTER"),
	ROW(58, 1, "ICMPV6_FILTER"),
	ROW(263, 8, "PACKET_AUXDATA"),
	ROW(263, 9, "PACKET_ORIGDEV"),
	ROW(263, 10, "PACKET_VERSION"),
	ROW(263, 12, "PACKET_RESERVE"),
	ROW(263, 14, "PACKET_LOSS"),
	ROW(263, 15, "PACKET_VNET_HDR"),
	ROW(263, 24, "PACKET_VNET_HDR_SZ"),
	ROW(263, 17, "PACKET_TIMESTAMP"),
	ROW(263, 20, "PACKET_QDISC_BYPASS"),
	ROW(263, 23, "PACKET_IGNORE_OUTGOING"),
	ROW(270, 3, "NETLINK_PKTINFO"),
	ROW(270, 4, "NETLINK_BROADCAST_ERROR"),
	ROW(270, 5, "NETLINK_NO_ENOBUFS"),
	ROW(270, 8, "NETLINK_LISTEN_ALL_NSID"),
	ROW(270, 10, "NETLINK_CAP_ACK"),
	ROW(270, 11, "NETLINK_EXT_ACK"),
	ROW(270, 12, "NETLINK_GET_STRICT_CHK"),
};

static const struct option *option_find(const struct rec_option *rec)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].level == (int)rec->level &&
		    table[i].name == (int)rec->name)
			return &table[i];
	return NULL;
}

/* ---- taking ---- */

int socket_take(const struct source *s, int fd, struct failure *f)
{
	int sock = proc_take_fd(s->via, fd);

	if (sock < 0)
		fail_errno(f, 0, "cannot take socket %d of process %d", fd,
			   s->pid);
	return sock;
}

static int get_int(int sock, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(sock, SOL_SOCKET, name, &value, &len) < 0 ? -1 : value;
}

int socket_family(const struct source *s, int fd)
{
	struct failure ignored = { 0 };
	int sock = socket_take(s, fd, &ignored), family;

	if (sock < 0)
		return -1;
	family = get_int(sock, SO_DOMAIN);
	close(sock);
	return family;
}

/* ---- reading ---- */

/* Bytes of its value in @to, 0 if there is none, -1 with errno. */
static ssize_t option_get(int sock, const struct option *o, uint8_t *to)
{
	socklen_t len = o->sort == OPT_FILTER ? BPF_MAXINSNS :
		o->size ? o->size : VALUE_MAX;

	memset(to, 0, o->size);
	if (getsockopt(sock, o->level, o->name, to, &len) < 0)
		return -1;
	return o->sort == OPT_FILTER ? len * sizeof(struct sock_filter) : len;
}

/* A filter of the new sort, loaded by bpf(2), can only be seen to be there. */
static bool filter_hidden(int sock)
{
	socklen_t len = 0;

	return getsockopt(sock, SOL_SOCKET, SO_GET_FILTER, NULL, &len) < 0 &&
	       errno == EACCES;
}

void socket_check(struct capture *c, struct source *s,
		  const struct source_fd *fd, int sock)
{
	if (filter_hidden(sock))
		obstacle_add(c, s, NULL, "has an eBPF program attached to a "
			     "socket (descriptor %d)", fd->fd);
}

static int new_like(int sock)
{
	return socket(get_int(sock, SO_DOMAIN),
		      get_int(sock, SO_TYPE) | SOCK_CLOEXEC,
		      get_int(sock, SO_PROTOCOL));
}

static void keep(struct list *options, const struct option *o,
		 const uint8_t *value, size_t len)
{
	struct rec_option *rec = list_add(options, sizeof(*rec));

	rec->level = o->level;
	rec->name = o->name;
	rec->value.len = len;
	rec->value.data = xmalloc(len);
	memcpy(rec->value.data, value, len);
}

/* A size that somebody has set is kept though it may be the usual one. */
static bool is_set_buffer(const struct option *o, int lock)
{
	return o->sort == OPT_BUFFER && lock > 0 &&
	       lock & (o->name == SO_SNDBUF ? 1 : 2);
}

/* A connection in the kernel's sense: it has a peer, and a stream. */
static bool is_connected(int sock)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	return get_int(sock, SO_TYPE) == SOCK_STREAM &&
	       getpeername(sock, (struct sockaddr *)&ss, &len) == 0;
}

static int read_options(int sock, struct list *options, struct failure *f)
{
	bool connected = is_connected(sock);
	bool stream = get_int(sock, SO_TYPE) == SOCK_STREAM;
	uint8_t *was = xmalloc(VALUE_MAX), *usual = xmalloc(VALUE_MAX);
	int fresh = new_like(sock), lock = get_int(sock, SO_BUF_LOCK), rc = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct option *o = &table[i];
		ssize_t n = option_get(sock, o, was), m = 0;

		if ((o->apart && connected) || (o->packets && stream))
			continue;
		if (n <= 0) {
			if (n < 0 && o->vital && errno == EACCES)
				rc = fail_errno(f, STATUS_OBSTACLE,
						"cannot read %s of a socket",
						o->text);
			continue;
		}
		if (fresh >= 0)
			m = option_get(fresh, o, usual);
		if (n != m || memcmp(was, usual, n) || is_set_buffer(o, lock))
			keep(options, o, was, n);
	}
	if (fresh >= 0)
		close(fresh);
	free(was);
	free(usual);
	return rc;
}

/* The kernel says a PID or TID as we see it. */
static uint64_t inner_id(const struct capture *c, int type, pid_t id)
{
	uint64_t inner = type == F_OWNER_TID ? 0 : capture_id(c, id);

	list_each(&c->sources, struct source, s)
		list_each(&s->tasks, struct source_task, t)
			if (type == F_OWNER_TID && t->t.tid == id)
				inner = t->id;
	return inner;
}

static void read_owner(struct capture *c, int sock, struct list *owner)
{
	struct f_owner_ex who = { 0 };
	int sig = fcntl(sock, F_GETSIG);
	struct rec_owner *rec;

	if (fcntl(sock, F_GETOWN_EX, &who) < 0 || (!who.pid && sig <= 0))
		return;
	rec = list_add(owner, sizeof(*rec));
	rec->type = who.type;
	rec->id = inner_id(c, who.type, who.pid);
	rec->signal = sig;
}

int socket_read(struct capture *c, int sock, struct list *options,
		struct list *owner, struct failure *f)
{
	read_owner(c, sock, owner);
	return read_options(sock, options, f);
}

/* ---- setting ---- */

static bool is_sound(const struct rec_option *rec)
{
	const struct option *o = option_find(rec);

	if (!o || !rec->value.len)
		return false;
	if (o->sort == OPT_FILTER)
		return rec->value.len % sizeof(struct sock_filter) == 0;
	return !o->size || rec->value.len == o->size;
}

int socket_verify(const struct list *options, const struct list *owner,
		  const char *what, struct failure *f)
{
	list_each(options, struct rec_option, rec)
		if (!is_sound(rec))
			return fail(f, STATUS_STREAM, "option %u of level %u of "
				    "%s is not sound", rec->name, rec->level,
				    what);
	list_each(owner, struct rec_owner, o)
		if (owner->n > 1 || o->type > F_OWNER_PGRP || o->signal > SIGNAL_LAST)
			return fail(f, STATUS_STREAM, "the owner of %s is not "
				    "sound", what);
	return 0;
}

/* The kernel doubles what it is given. */
static int set_buffer(int sock, const struct option *o, int value)
{
	int half = value / 2, now;

	if (setsockopt(sock, SOL_SOCKET, o->force, &half, sizeof(half)) == 0)
		return 0;
	if (setsockopt(sock, SOL_SOCKET, o->name, &half, sizeof(half)) < 0)
		return -1;
	now = get_int(sock, o->name);
	if (now >= value)
		return 0;
	errno = EPERM;
	return -1;
}

static int option_set(int sock, const struct option *o, const struct blob *v)
{
	struct sock_fprog prog = {
		v->len / sizeof(struct sock_filter),
		(struct sock_filter *)v->data,
	};
	int value;

	switch (o->sort) {
	case OPT_BUFFER:
		memcpy(&value, v->data, sizeof(value));
		return set_buffer(sock, o, value);
	case OPT_FILTER:
		return setsockopt(sock, o->level, o->name, &prog, sizeof(prog));
	default:
		return setsockopt(sock, o->level, o->name, v->data, v->len);
	}
}

/* Is it so already: set by another one, or what a new one has here? */
static bool option_has(int sock, const struct option *o, const struct blob *v)
{
	uint8_t *now = xmalloc(VALUE_MAX);
	ssize_t n = option_get(sock, o, now);
	bool same = n == (ssize_t)v->len && !memcmp(now, v->data, n);

	free(now);
	return same;
}

static int set_options(struct restore *r, int sock, const struct list *options,
		       bool soon, const char *what, struct failure *f)
{
	list_each(options, struct rec_option, rec) {
		const struct option *o = option_find(rec);

		if (soon && !o->soon)
			continue;
		if (option_set(sock, o, &rec->value) == 0 ||
		    option_has(sock, o, &rec->value))
			continue;
		if (o->vital)
			return fail_errno(f, 0, "cannot set %s of %s", o->text,
					  what);
		warning_add(r, "%s: %s could not be set (%s)", what, o->text,
			    strerror(errno));
	}
	return 0;
}

int socket_prepare(struct restore *r, int sock, const struct list *options,
		   const char *what, struct failure *f)
{
	return set_options(r, sock, options, true, what, f);
}

int socket_set(struct restore *r, int sock, const struct list *options,
	       const char *what, struct failure *f)
{
	return set_options(r, sock, options, false, what, f);
}

bool socket_option_on(const struct list *options, uint32_t level, uint32_t name)
{
	static const uint8_t zero[sizeof(int)];

	list_each(options, struct rec_option, o)
		if (o->level == level && o->name == name)
			return o->value.len >= sizeof(zero) &&
			       memcmp(o->value.data, zero, sizeof(zero));
	return false;
}

static pid_t outer_id(const struct restore *r, const struct rec_owner *o)
{
	struct puppet *p = find_puppet(r, o->id);

	if (p && o->type != F_OWNER_TID)
		return p->pid;
	list_each(&r->puppets, struct puppet *, q)
		list_each(&(*q)->members, struct member, m)
			if (m->rec && m->rec->tid == o->id)
				return m->t.tid;
	return 0;
}

void socket_own(struct restore *r, int sock, const struct list *owner,
		const char *what)
{
	list_each(owner, struct rec_owner, o) {
		struct f_owner_ex who = { o->type, outer_id(r, o) };

		if (who.pid && fcntl(sock, F_SETOWN_EX, &who) < 0)
			warning_add(r, "%s: its signals have no receiver (%s)",
				    what, strerror(errno));
		if (o->signal && fcntl(sock, F_SETSIG, o->signal) < 0)
			warning_add(r, "%s: its signal could not be chosen (%s)",
				    what, strerror(errno));
	}
}

void socket_usual_room(int sock, const struct list *options)
{
	int fresh, want;

	list_each(options, struct rec_option, o)
		if (o->level == SOL_SOCKET && o->name == SO_SNDBUF)
			return;
	fresh = new_like(sock);
	want = get_int(fresh, SO_SNDBUF) / 2;
	close(fresh);
	if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)) < 0)
		setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
	want = get_int(sock, SO_BUF_LOCK) & ~1;
	setsockopt(sock, SOL_SOCKET, SO_BUF_LOCK, &want, sizeof(want));
}

/* In the puppet, since a signal tells by which number it was asked for. */
int socket_async(struct puppet *p, int fd, uint32_t flags, struct failure *f)
{
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	batch_add(&b, "ask for signals of a socket", SYS_fcntl, fd, F_SETFL,
		  flags);
	rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

void socket_make_room(int sock, size_t bytes)
{
	int want = bytes > (1u << 29) ? 1 << 29 : (int)bytes;

	if (want <= get_int(sock, SO_SNDBUF))
		return;
	if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)) < 0)
		setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
}
