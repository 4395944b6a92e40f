/* SPDX-License-Identifier: MIT */
/*
 * inet.c - internet sockets: TCP, UDP, UDP-Lite, raw and ping, of both families
 *
 * A socket is made before the puppets are, so that they inherit it, and gets
 * its address only when all of the stream has been read: on the machine that it
 * comes from the source may have had the port until then.
 */
#include "image/inet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "image/say.h"

static const struct field fields[] = {
	FIELD(struct rec_inet, peer, FIELD_BLOB, .max = 128),
	FIELD(struct rec_inet, type, FIELD_UINT),
	FIELD(struct rec_inet, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_inet, local, FIELD_BLOB, .max = 128),
	SOCKET_OWNER_FIELD(struct rec_inet),
	FIELD(struct rec_inet, state, FIELD_UINT),
	FIELD(struct rec_inet, family, FIELD_UINT),
	FIELD(struct rec_inet, groups, FIELD_STRUCTS, .max = 1024,
	      .sub = &group_schema),
	FIELD(struct rec_inet, backlog, FIELD_UINT),
	SOCKET_OPTIONS_FIELD(struct rec_inet),
	FIELD(struct rec_inet, protocol, FIELD_UINT),
};
static const struct schema schema =
	SCHEMA("internet socket", struct rec_inet, fields);

#define KEPT_FLAGS	(O_NONBLOCK | O_ASYNC)

/* ---- addresses ---- */

bool address_sound(const struct blob *a, uint32_t family)
{
	struct sockaddr_storage ss;

	if (!a->len)
		return true;
	if (a->len != (family == AF_INET ? sizeof(struct sockaddr_in) :
		       sizeof(struct sockaddr_in6)))
		return false;
	memcpy(&ss, a->data, a->len);
	return ss.ss_family == family;
}

void address_plain(const struct blob *a, struct sockaddr_storage *to)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in = { .sin_family = AF_INET };

	memset(to, 0, sizeof(*to));
	memcpy(to, a->data, a->len < sizeof(*to) ? a->len : sizeof(*to));
	if (to->ss_family != AF_INET6)
		return;
	memcpy(&in6, to, sizeof(in6));
	if (!IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		return;
	in.sin_port = in6.sin6_port;
	memcpy(&in.sin_addr, in6.sin6_addr.s6_addr + 12, 4);
	memset(to, 0, sizeof(*to));
	memcpy(to, &in, sizeof(in));
}

uint16_t address_port(const struct blob *a)
{
	struct sockaddr_in in = { 0 };

	/* It is at the same place in both. */
	memcpy(&in, a->data, a->len < sizeof(in) ? a->len : sizeof(in));
	return ntohs(in.sin_port);
}

bool address_any(const struct blob *a)
{
	struct sockaddr_storage ss;

	address_plain(a, &ss);
	if (ss.ss_family == AF_INET)
		return !((struct sockaddr_in *)&ss)->sin_addr.s_addr;
	return IN6_IS_ADDR_UNSPECIFIED(
		&((struct sockaddr_in6 *)&ss)->sin6_addr);
}

bool address_multicast(const struct blob *a)
{
	struct sockaddr_storage ss;

	address_plain(a, &ss);
	if (ss.ss_family == AF_INET)
		return IN_MULTICAST(
			ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr));
	return IN6_IS_ADDR_MULTICAST(&((struct sockaddr_in6 *)&ss)->sin6_addr);
}

char *address_text(const struct blob *a, char *to)
{
	struct sockaddr_storage ss;
	char host[INET6_ADDRSTRLEN] = "?";
	uint32_t scope = 0;

	address_plain(a, &ss);
	if (ss.ss_family == AF_INET) {
		inet_ntop(AF_INET, &((struct sockaddr_in *)&ss)->sin_addr,
			  host, sizeof(host));
		snprintf(to, ADDRESS_TEXT, "%s:%u", host, address_port(a));
		return to;
	}
	inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&ss)->sin6_addr, host,
		  sizeof(host));
	scope = ((struct sockaddr_in6 *)&ss)->sin6_scope_id;
	if (scope)
		snprintf(to, ADDRESS_TEXT, "[%s%%%u]:%u", host, scope,
			 address_port(a));
	else
		snprintf(to, ADDRESS_TEXT, "[%s]:%u", host, address_port(a));
	return to;
}

/* ---- capture ---- */

static const char *const protocols[] = {
	"TCP", "TCPv6", "UDP", "UDPv6", "UDP-Lite", "UDPLITEv6", "RAW",
	"RAWv6", "PING", "PINGv6", NULL,
};

static bool claims(const struct source_fd *fd)
{
	for (size_t i = 0; protocols[i]; i++)
		if (!strcmp(fd->protocol, protocols[i]))
			return true;
	return false;
}

static int get_int(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

/* Its own address, or that of its peer; nothing where it has none. */
void keep_address(int fd, bool peer, struct blob *to)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int rc = peer ? getpeername(fd, (struct sockaddr *)&ss, &len) :
		getsockname(fd, (struct sockaddr *)&ss, &len);

	if (rc < 0 || len <= sizeof(sa_family_t))
		return;
	to->len = len;
	to->data = xmalloc(len);
	memcpy(to->data, &ss, len);
}

int tcp_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ?
		info.tcpi_state : 0;
}

bool inet_stays(const struct capture *c, const struct source_fd *fd)
{
	return claims(fd) && (strncmp(fd->protocol, "TCP", 3) ||
			      tcp_stays(c, fd->st.st_ino));
}

/* A datagram under way soon is gone; one half written stays (UDP_CORK). */
static void check_corked(struct capture *c, struct source *s,
			 const struct source_fd *fd, int dup)
{
	int left = 0;

	for (int ms = 0; ms < 20; ms++) {
		if (ioctl(dup, SIOCOUTQ, &left) < 0 || !left)
			return;
		usleep(1000);
	}
	c->passing = true;
	obstacle_add(c, s, NULL, "has a datagram half written (UDP_CORK, "
		     "descriptor %d), which cannot be read", fd->fd);
}

/* It may be gone already, where the tree is not frozen. */
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
	if (get_int(dup, SO_PROTOCOL) == IPPROTO_TCP)
		tcp_check(c, s, fd, dup, tcp_state(dup));
	else if (get_int(dup, SO_TYPE) == SOCK_DGRAM)
		check_corked(c, s, fd, dup);
	close(dup);
	return 0;
}

/* Of what has ended: does the program know yet? */
static uint32_t state_closed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	if (poll(&p, 1, 0) < 1 || !(p.revents & POLLRDHUP))
		return INET_NEW;
	return (p.revents & POLLERR) ? INET_RESET : INET_ENDED;
}

/* TCP_INFO of a listener: its backlog stands where SACKs are counted. */
static void capture_state(int fd, struct rec_inet *rec)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (rec->protocol != IPPROTO_TCP ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return;
	switch (info.tcpi_state) {
	case T_LISTEN:
		rec->state = INET_LISTENING;
		rec->backlog = info.tcpi_sacked;
		break;
	case T_CLOSE:
		rec->state = state_closed(fd);
		break;
	case T_SYN_SENT:
		rec->state = INET_CONNECTING;
		break;
	default:
		rec->state = INET_CONNECTED;
	}
}

static int capture_socket(struct capture *c, struct source *s, int dup,
			  uint64_t id, int flags, struct failure *f)
{
	struct rec_inet *rec = image_add(&c->image, RECORD_INET, id);

	rec->family = get_int(dup, SO_DOMAIN);
	rec->type = get_int(dup, SO_TYPE);
	rec->protocol = get_int(dup, SO_PROTOCOL);
	rec->flags = flags & KEPT_FLAGS;
	if (socket_read(c, dup, &rec->options, &rec->owner, f) < 0)
		return -1;
	capture_state(dup, rec);
	keep_address(dup, false, &rec->local);
	keep_address(dup, true, &rec->peer);
	if (rec->type == SOCK_STREAM)
		return tcp_capture(c, dup, id, rec, f);
	multicast_capture(s, dup, rec);
	return datagrams_capture(c, dup, id, rec, f);
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	int dup = socket_take(s, fd->fd, f), rc;

	if (dup < 0)
		return -1;
	rc = capture_socket(c, s, dup, id, fd->info.flags, f);
	close(dup);
	return rc;
}

const struct fd_kind fd_kind_inet = {
	.claims = claims, .check = check, .capture = capture,
};

/* ---- words ---- */

static const char *protocol_name(const struct rec_inet *rec)
{
	switch (rec->protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_UDPLITE:
		return "UDP-Lite";
	}
	return rec->type == SOCK_RAW ? "raw" : "ping";
}

/* "TCP socket 127.0.0.1:80", for messages */
char *inet_text(const struct rec_inet *rec)
{
	char local[ADDRESS_TEXT];

	return xasprintf("%s socket %s", protocol_name(rec),
			 rec->local.len ? address_text(&rec->local, local) :
			 "without an address");
}

static void describe(FILE *to, const void *data)
{
	const struct rec_inet *rec = data;
	char text[ADDRESS_TEXT];

	fprintf(to, "%s socket", protocol_name(rec));
	if (rec->local.len)
		fprintf(to, " %s", address_text(&rec->local, text));
	if (rec->peer.len)
		fprintf(to, " to %s", address_text(&rec->peer, text));
	if (rec->state == INET_LISTENING)
		fprintf(to, ", listening (backlog %u)", rec->backlog);
	else if (rec->state == INET_CONNECTING)
		fprintf(to, ", connecting");
	else if (rec->state >= INET_ENDED)
		fprintf(to, ", its connection has ended");
}

/* ---- restore ---- */

static bool type_sound(const struct rec_inet *rec)
{
	if (rec->family != AF_INET && rec->family != AF_INET6)
		return false;
	if (rec->type == SOCK_STREAM)
		return rec->protocol == IPPROTO_TCP;
	if (rec->type == SOCK_DGRAM)
		return rec->protocol == IPPROTO_UDP ||
		       rec->protocol == IPPROTO_UDPLITE ||
		       rec->protocol == IPPROTO_ICMP ||
		       rec->protocol == IPPROTO_ICMPV6;
	return rec->type == SOCK_RAW && rec->protocol < 256;
}

static bool sound(const struct rec_inet *rec)
{
	return type_sound(rec) && multicast_sound(rec) && rec->state <= INET_RESET &&
	       !(rec->flags & ~KEPT_FLAGS) &&
	       (rec->state == INET_NEW || rec->type == SOCK_STREAM) &&
	       (rec->peer.len || (rec->state != INET_CONNECTED &&
				  rec->state != INET_CONNECTING)) &&
	       address_sound(&rec->local, rec->family) &&
	       address_sound(&rec->peer, rec->family);
}

static bool has_address(const struct rec_inet *rec)
{
	return rec->local.len && (address_port(&rec->local) ||
				  !address_any(&rec->local));
}

/* May it be bound to an address that is not here? */
static bool may_be_foreign(const struct rec_inet *rec)
{
	return socket_option_on(&rec->options, IPPROTO_IP, IP_FREEBIND) ||
	       socket_option_on(&rec->options, IPPROTO_IP, IP_TRANSPARENT);
}

static void check_address(struct restore *r, const struct rec_inet *rec)
{
	bool closed = rec->state >= INET_CONNECTING ||
		(rec->state == INET_CONNECTED && r->end_tcp);
	struct sockaddr_storage ss;
	char *text;

	if (!has_address(rec) || address_any(&rec->local) || closed ||
	    may_be_foreign(rec))
		return;
	address_plain(&rec->local, &ss);
	if (proc_address_here(&ss))
		return;
	text = inet_text(rec);
	differs_add(r, "the address of a %s is not here%s", text,
		    rec->state == INET_CONNECTED ? ": bring it here, or let the "
		    "connection be closed (--tcp=close)" : "");
	free(text);
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_INET, struct rec_inet, rec) {
		if (!sound(rec))
			return fail(f, STATUS_STREAM, "socket %llu is not sound",
				    (unsigned long long)rec_r->id);
		if (socket_verify(&rec->options, &rec->owner,
				  "an internet socket", f) < 0)
			return -1;
		check_address(r, rec);
	}
	return 0;
}

static int make(struct restore *r, uint64_t id, const struct rec_inet *rec,
		struct failure *f)
{
	int fd = socket(rec->family, rec->type | SOCK_CLOEXEC, rec->protocol);
	char *text = inet_text(rec);
	int rc = 0;

	if (fd < 0)
		rc = fail_errno(f, 0, "cannot make a %s", text);
	else if (socket_prepare(r, fd, &rec->options, text, f) < 0)
		rc = -1;
	else
		rc = opened_add(r, &r->opened, id, fd, f);
	free(text);
	return rc;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_INET, struct rec_inet, rec)
		if (make(r, rec_r->id, rec, f) < 0)
			return -1;
	return 0;
}

/* ---- restore: addresses, once the source has gone ---- */

static int in_use(struct restore *r, const struct rec_inet *rec,
		  struct failure *f)
{
	const char *table = rec->protocol == IPPROTO_TCP ? "tcp" :
		rec->protocol == IPPROTO_UDP ? "udp" :
		rec->protocol == IPPROTO_UDPLITE ? "udplite" : "icmp";
	pid_t pid = proc_port_holder(table, address_port(&rec->local));
	char *text = inet_text(rec), who[64] = "";
	bool source = pid && restore_same_boot(r);

	if (pid)
		snprintf(who, sizeof(who), ", by process %d", pid);
	fail(f, STATUS_DIFFERS, "the address of a %s is in use here%s%s", text,
	     who, source ? ": if that is the source, end it with "
	     "migrate-release --kill" : "");
	free(text);
	return -1;
}

/* The source may be about to end. */
static int bind_patiently(struct restore *r, int fd, const struct rec_inet *rec)
{
	int ms = restore_source_ends(r) ? SOURCE_ENDS_MS : 0;

	for (;;) {
		if (bind(fd, (const struct sockaddr *)rec->local.data,
			 rec->local.len) == 0)
			return 0;
		if (errno != EADDRINUSE || ms-- <= 0)
			return -1;
		usleep(1000);
	}
}

int inet_bind(struct restore *r, int fd, const struct rec_inet *rec,
	      struct failure *f)
{
	char *text;

	if (!has_address(rec) || bind_patiently(r, fd, rec) == 0)
		return 0;
	if (errno == EADDRINUSE)
		return in_use(r, rec, f);
	text = inet_text(rec);
	fail_errno(f, 0, "cannot give its address to a %s", text);
	free(text);
	return -1;
}

static int give_state(int fd, const struct rec_inet *rec)
{
	if (rec->state == INET_LISTENING)
		return listen(fd, rec->backlog);
	if (rec->peer.len && rec->type != SOCK_STREAM)
		return connect(fd, (const struct sockaddr *)rec->peer.data,
			       rec->peer.len);
	return 0;
}

static int place(struct restore *r, uint64_t id, const struct rec_inet *rec,
		 struct failure *f)
{
	int fd = opened_find(&r->opened, id), rc;
	char *text;

	if (rec->state == INET_CONNECTED)
		return 0;	/* tcp.c does all of it */
	if (rec->state >= INET_ENDED)
		return tcp_end(r, fd, id, rec, f);
	if (rec->state == INET_NEW || rec->state == INET_LISTENING)
		if (inet_bind(r, fd, rec, f) < 0)
			return -1;
	text = inet_text(rec);
	multicast_restore(r, fd, rec, text);
	datagrams_restore(r, fd, id, rec);
	rc = give_state(fd, rec);
	if (rc < 0 && errno == EADDRINUSE)
		rc = in_use(r, rec, f);
	else if (rc < 0)
		rc = fail_errno(f, 0, "cannot make of a %s what it was", text);
	else
		rc = socket_set(r, fd, &rec->options, text, f);
	if (rc == 0) {
		socket_own(r, fd, &rec->owner, text);
		fcntl(fd, F_SETFL, rec->flags);
	}
	free(text);
	return rc;
}

/* Of all, not of each process's: they share them. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent)
		return 0;
	/* Listeners first: a port that connections have is not free for one. */
	image_each(&r->image, RECORD_INET, struct rec_inet, rec)
		if (rec->state == INET_LISTENING &&
		    place(r, rec_r->id, rec, f) < 0)
			return -1;
	image_each(&r->image, RECORD_INET, struct rec_inet, rec)
		if (rec->state != INET_LISTENING &&
		    place(r, rec_r->id, rec, f) < 0)
			return -1;
	return 0;
}

const struct kind kind_inet = {
	.type = RECORD_INET, .schema = &schema, .unique = true, .open = true,
	.check = tcp_survey,
	.verify = verify, .prepare = prepare, .settle = settle,
	.describe = describe,
};
