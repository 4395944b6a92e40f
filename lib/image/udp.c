/* SPDX-License-Identifier: MIT */
/*
 * udp.c - datagrams that wait to be read
 *
 * They are looked at one behind the other (SO_PEEK_OFF) and stay where they
 * are.  At the destination each is put on the loopback device as a packet from
 * its sender, which takes a raw socket; without that right only datagrams whose
 * sender's address can be bound here come back, and a warning tells of the rest:
 * UDP may lose.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/inet.h"

static const struct field fields[] = {
	FIELD(struct rec_inet_data, to, FIELD_BLOB, .max = 128),
	FIELD(struct rec_inet_data, data, FIELD_BLOB, .max = 1 << 20),
	FIELD(struct rec_inet_data, from, FIELD_BLOB, .max = 128),
	FIELD(struct rec_inet_data, queue, FIELD_UINT),
};
static const struct schema schema =
	SCHEMA("data of a socket", struct rec_inet_data, fields);

#define PEEK_OFF	42	/* SO_PEEK_OFF */
#define MEMINFO		55	/* SO_MEMINFO */
#define ROOM		(128 * 1024)
#define DELIVERY_MS	200

/* ---- capture ---- */

static void keep(struct blob *to, const void *data, size_t len)
{
	to->len = len;
	to->data = len ? xmalloc(len) : NULL;
	if (len)
		memcpy(to->data, data, len);
}

static int get_int(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

/* Bytes of memory that what waits takes. */
static uint32_t waiting(int fd)
{
	uint32_t info[16] = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, MEMINFO, info, &len) == 0 ? info[0] :
		0;
}

/* The address it was sent to, as a socket bound to any address is told. */
static void keep_target(struct rec_inet_data *rec, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if ((c->cmsg_level == IPPROTO_IP &&
		     c->cmsg_type == IP_RECVORIGDSTADDR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		     c->cmsg_type == IPV6_RECVORIGDSTADDR))
			keep(&rec->to, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
}

/* 1 one more is recorded, 0 there is none, -1. */
static int peek(struct capture *c, int fd, uint64_t id)
{
	static uint8_t data[ROOM];
	union {
		struct cmsghdr head;
		char room[1024];
	} control;
	struct sockaddr_storage from;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
		.msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);
	struct rec_inet_data *rec;

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	rec = image_add(&c->image, RECORD_INET_DATA, id);
	keep(&rec->data, data, n);
	keep(&rec->from, &from, msg.msg_namelen);
	keep_target(rec, &msg);
	return 1;
}

static int peek_all(struct capture *c, int fd, uint64_t id,
		    const struct rec_inet *rec)
{
	int level = rec->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int name = rec->family == AF_INET ? IP_RECVORIGDSTADDR :
		IPV6_RECVORIGDSTADDR;
	int asked = get_int(fd, level, name), one = 1, zero = 0, rc;
	int offset = get_int(fd, SOL_SOCKET, PEEK_OFF);

	if (setsockopt(fd, SOL_SOCKET, PEEK_OFF, &zero, sizeof(zero)) < 0)
		return -1;
	setsockopt(fd, level, name, &one, sizeof(one));
	do
		rc = peek(c, fd, id);
	while (rc > 0);
	setsockopt(fd, level, name, &asked, sizeof(asked));
	setsockopt(fd, SOL_SOCKET, PEEK_OFF, &offset, sizeof(offset));
	return rc;
}

int datagrams_capture(struct capture *c, int fd, uint64_t id,
		      const struct rec_inet *rec, struct failure *f)
{
	if (!waiting(fd))
		return 0;
	if (rec->protocol != IPPROTO_UDP && rec->protocol != IPPROTO_UDPLITE)
		return fail(f, STATUS_OBSTACLE, "packets wait to be read from a "
			    "raw or ping socket, and cannot be looked at");
	if (peek_all(c, fd, id, rec) < 0)
		return fail_errno(f, 0, "cannot look at what waits to be read "
				  "from a UDP socket");
	return 0;
}

/* ---- restore ---- */

static int send_raw(const struct sockaddr_storage *from,
		    const struct sockaddr_storage *to, uint8_t protocol,
		    const struct blob *data)
{
	const struct sockaddr_in *f = (const void *)from, *t = (const void *)to;
	/* UDP-Lite has no length there: 0 means that all is covered. */
	struct udphdr udp = {
		.source = f->sin_port, .dest = t->sin_port,
		.len = protocol == IPPROTO_UDP ?
			htons(sizeof(udp) + data->len) : 0,
	};

	return inject(from, to, protocol, &udp, sizeof(udp), &udp.check, data);
}

/* Without the right to raw sockets: as the sender, if he was from here. */
static int send_bound(const struct sockaddr_storage *from,
		      const struct sockaddr_storage *to, uint32_t protocol,
		      const struct blob *data)
{
	socklen_t len = to->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
		sizeof(struct sockaddr_in6);
	int fd = socket(to->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
	int one = 1, rc = -1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)from, len) == 0 &&
	    sendto(fd, data->data, data->len, 0, (const struct sockaddr *)to,
		   len) >= 0)
		rc = 0;
	close(fd);
	return rc;
}

/* Where it was sent to, or what leads to the socket here. */
static void choose_target(const struct rec_inet *s,
			  const struct rec_inet_data *d,
			  const struct sockaddr_storage *from,
			  struct sockaddr_storage *to)
{
	const struct blob *a = d->to.len && !address_multicast(&d->to) ?
		&d->to : &s->local;
	struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;

	address_plain(a, to);
	if (address_any(a)) {
		memset(to, 0, sizeof(*to));
		to->ss_family = from->ss_family;
		if (from->ss_family == AF_INET)
			((struct sockaddr_in *)to)->sin_addr.s_addr =
				htonl(INADDR_LOOPBACK);
		else
			((struct sockaddr_in6 *)to)->sin6_addr = loopback;
	}
	((struct sockaddr_in *)to)->sin_port = htons(address_port(&s->local));
}

static bool arrived(int fd, uint32_t before)
{
	for (int ms = 0; ms < DELIVERY_MS; ms++) {
		if (waiting(fd) > before)
			return true;
		usleep(1000);
	}
	return false;
}

static bool deliver(int fd, const struct rec_inet *s,
		    const struct rec_inet_data *d)
{
	struct sockaddr_storage from, to;
	uint32_t before = waiting(fd);

	if (!d->from.len || !s->local.len)
		return false;
	address_plain(&d->from, &from);
	choose_target(s, d, &from, &to);
	if (from.ss_family != to.ss_family)
		return false;
	if (send_raw(&from, &to, s->protocol, &d->data) < 0 &&
	    send_bound(&from, &to, s->protocol, &d->data) < 0)
		return false;
	return arrived(fd, before);
}

void datagrams_restore(struct restore *r, int fd, uint64_t id,
		       const struct rec_inet *s)
{
	char text[ADDRESS_TEXT];
	size_t n, lost = 0;
	struct record *recs = image_run(&r->image, RECORD_INET_DATA, id, &n);

	for (size_t i = 0; i < n; i++)
		lost += !deliver(fd, s, recs[i].data);
	if (lost)
		warning_add(r, "%zu of %zu datagrams that waited at %s are lost",
			    lost, n, address_text(&s->local, text));
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_INET_DATA, struct rec_inet_data, d) {
		const struct rec_inet *s =
			image_find(&r->image, RECORD_INET, d_r->id);

		if (!s || d->queue > QUEUE_SENT ||
		    (s->type != SOCK_STREAM && d->queue) ||
		    !address_sound(&d->from, s->family) ||
		    (d->to.len && !address_sound(&d->to, s->family)))
			return fail(f, STATUS_STREAM, "what waits in socket %llu "
				    "is not sound",
				    (unsigned long long)d_r->id);
	}
	return 0;
}

const struct kind kind_inet_data = {
	.type = RECORD_INET_DATA, .schema = &schema, .verify = verify,
};
