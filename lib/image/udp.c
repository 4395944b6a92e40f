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
#include <netinet/ip.h>
#include <netinet/ip6.h>
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
};
static const struct schema schema =
	SCHEMA("datagram", struct rec_inet_data, fields);

#define PEEK_OFF	42	/* SO_PEEK_OFF */
#define MEMINFO		55	/* SO_MEMINFO */
#define V6_HDRINCL	36	/* IPV6_HDRINCL */
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

static uint32_t add_up(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *d = data;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? d[i] : d[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	return htons(sum ? sum : 0xffff);
}

struct packet {
	union {
		struct iphdr v4;
		struct ip6_hdr v6;
	} ip;
	size_t ip_len;
	struct udphdr udp;
};

/* The pseudo header, and what is behind it. */
static void sum_up(struct packet *p, const void *addresses, size_t len,
		   uint8_t protocol, const struct blob *data)
{
	uint16_t total = sizeof(p->udp) + data->len;
	uint32_t sum = add_up(0, addresses, len) + protocol + total;

	/* UDP-Lite has no length there: 0 means that all is covered. */
	p->udp.len = protocol == IPPROTO_UDP ? htons(total) : 0;
	p->udp.check = 0;
	sum = add_up(sum, &p->udp, sizeof(p->udp));
	p->udp.check = fold(add_up(sum, data->data, data->len));
}

static void head_v4(struct packet *p, const struct sockaddr_in *from,
		    const struct sockaddr_in *to, uint8_t protocol,
		    const struct blob *data)
{
	p->ip_len = sizeof(p->ip.v4);
	p->ip.v4 = (struct iphdr){
		.version = 4, .ihl = 5, .ttl = 64, .protocol = protocol,
		.saddr = from->sin_addr.s_addr, .daddr = to->sin_addr.s_addr,
	};
	p->udp.source = from->sin_port;
	p->udp.dest = to->sin_port;
	sum_up(p, &p->ip.v4.saddr, 8, protocol, data);
}

static void head_v6(struct packet *p, const struct sockaddr_in6 *from,
		    const struct sockaddr_in6 *to, uint8_t protocol,
		    const struct blob *data)
{
	p->ip_len = sizeof(p->ip.v6);
	p->ip.v6 = (struct ip6_hdr){
		.ip6_flow = htonl(6u << 28), .ip6_hlim = 64,
		.ip6_nxt = protocol,
		.ip6_plen = htons(sizeof(p->udp) + data->len),
		.ip6_src = from->sin6_addr, .ip6_dst = to->sin6_addr,
	};
	p->udp.source = from->sin6_port;
	p->udp.dest = to->sin6_port;
	sum_up(p, &p->ip.v6.ip6_src, 32, protocol, data);
}

static int send_raw(const struct sockaddr_storage *from,
		    const struct sockaddr_storage *to, uint8_t protocol,
		    const struct blob *data)
{
	struct packet p = { 0 };
	struct sockaddr_storage target = *to;
	struct iovec iov[3] = {
		{ &p.ip, 0 }, { &p.udp, sizeof(p.udp) },
		{ data->data, data->len },
	};
	struct msghdr msg = { .msg_name = &target, .msg_iov = iov,
			      .msg_iovlen = 3 };
	int fd = socket(to->ss_family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int one = 1;
	ssize_t n;

	if (fd < 0)
		return -1;
	if (to->ss_family == AF_INET) {
		head_v4(&p, (const void *)from, (const void *)to, protocol,
			data);
		msg.msg_namelen = sizeof(struct sockaddr_in);
	} else {
		head_v6(&p, (const void *)from, (const void *)to, protocol,
			data);
		setsockopt(fd, IPPROTO_IPV6, V6_HDRINCL, &one, sizeof(one));
		msg.msg_namelen = sizeof(struct sockaddr_in6);
	}
	((struct sockaddr_in *)&target)->sin_port = 0;
	iov[0].iov_len = p.ip_len;
	n = sendmsg(fd, &msg, 0);
	close(fd);
	return n < 0 ? -1 : 0;
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

		if (!s || !address_sound(&d->from, s->family) ||
		    (d->to.len && !address_sound(&d->to, s->family)))
			return fail(f, STATUS_STREAM, "a datagram of socket %llu "
				    "is not sound",
				    (unsigned long long)d_r->id);
	}
	return 0;
}

const struct kind kind_inet_data = {
	.type = RECORD_INET_DATA, .schema = &schema, .verify = verify,
};
