/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - TCP connections: with their queues and numbers (TCP_REPAIR), or gone
 *
 * A connection moves with its address.  If the other end is in the tree as well
 * both are rebuilt, and nobody else is concerned.  If it leads out of the tree
 * --tcp says what becomes of it; the peer of one that is kept notices nothing
 * (guard.h).
 *
 * While a socket is read, packets may still move between two ends in the tree.
 * All that is sent is therefore read before anything that is received: what is
 * then found in both is known by its number to be the same.
 *
 * At the destination a connection is rebuilt in silence, and begins to speak in
 * the last moment (commit).  A FIN that the peer has sent already comes again
 * from ourselves.  What is lost is what arrived out of order, which the peer
 * sends again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "image/guard.h"
#include "image/inet.h"
#include "proc/netfilter.h"

static const struct field fields[] = {
	FIELD(struct rec_tcp, mss, FIELD_UINT),
	FIELD(struct rec_tcp, inner, FIELD_BOOL),
	FIELD(struct rec_tcp, unsent, FIELD_UINT),
	FIELD(struct rec_tcp, options, FIELD_UINT, .hex = true),
	FIELD(struct rec_tcp, own_shut, FIELD_BOOL),
	FIELD(struct rec_tcp, recv_seq, FIELD_UINT),
	FIELD(struct rec_tcp, send_seq, FIELD_UINT),
	FIELD(struct rec_tcp, peer_shut, FIELD_BOOL),
	FIELD(struct rec_tcp, read_shut, FIELD_BOOL),
	FIELD(struct rec_tcp, timestamp, FIELD_UINT),
	FIELD(struct rec_tcp, max_window, FIELD_UINT),
	FIELD(struct rec_tcp, recv_scale, FIELD_UINT),
	FIELD(struct rec_tcp, send_scale, FIELD_UINT),
	FIELD(struct rec_tcp, window_seq, FIELD_UINT),
	FIELD(struct rec_tcp, recv_update, FIELD_UINT),
	FIELD(struct rec_tcp, recv_window, FIELD_UINT),
	FIELD(struct rec_tcp, send_window, FIELD_UINT),
};
static const struct schema schema =
	SCHEMA("TCP connection", struct rec_tcp, fields);

#define CHUNK		(1u << 20)	/* of a queue, in a record */
#define QUEUE_MAX	(1u << 30)
#define PATIENCE_S	15	/* for a source that is being ended */
#define BUF_LOCK	72	/* SO_BUF_LOCK */
#define PEEK_OFF	42	/* SO_PEEK_OFF */
enum { REPAIR_ON = 1, REPAIR_OFF = 0, REPAIR_OFF_SILENT = -1 };
enum { QUEUE_NONE, QUEUE_RECV, QUEUE_SEND };	/* TCP_REPAIR_QUEUE */
enum { OPT_MSS = 2, OPT_SCALE = 3, OPT_SACK = 4, OPT_TIMESTAMPS = 8 };

const char *const tcp_modes[] = { "refuse", "keep", "close", NULL };

/* A TCP socket of the tree, as the look met it. */
struct seen_socket {
	uint64_t ino;
	int state;
	struct sockaddr_storage local, peer;	/* plain */
};

/* ---- looking ---- */

static void plain_name(int fd, bool peer, struct sockaddr_storage *to)
{
	struct blob name = { 0 };

	keep_address(fd, peer, &name);
	memset(to, 0, sizeof(*to));
	if (name.len)
		address_plain(&name, to);
	/* Flow and scope say nothing about who it is. */
	if (to->ss_family == AF_INET6)
		((struct sockaddr_in6 *)to)->sin6_flowinfo = 0;
	free(name.data);
}

static bool same(const struct sockaddr_storage *a,
		 const struct sockaddr_storage *b)
{
	return a->ss_family && !memcmp(a, b, sizeof(*a));
}

static void survey_socket(struct capture *c, struct source *s,
			  const struct source_fd *fd)
{
	struct failure ignored = { 0 };
	struct seen_socket *seen;
	int dup;

	list_each(&c->sockets, struct seen_socket, known)
		if (known->ino == fd->st.st_ino)
			return;
	dup = socket_take(s, fd->fd, &ignored);
	if (dup < 0)
		return;
	seen = list_add(&c->sockets, sizeof(*seen));
	seen->ino = fd->st.st_ino;
	seen->state = tcp_state(dup);
	plain_name(dup, false, &seen->local);
	plain_name(dup, true, &seen->peer);
	close(dup);
}

/* Before any is checked: which of them are each other's ends? */
int tcp_survey(struct capture *c, struct source *s, struct failure *f)
{
	(void)f;
	if (s != c->sources.items)
		return 0;
	list_free(&c->sockets);
	list_each(&c->sources, struct source, each)
		list_each(&each->fds, struct source_fd, fd)
			if (!strcmp(fd->protocol, "TCP") ||
			    !strcmp(fd->protocol, "TCPv6"))
				survey_socket(c, each, fd);
	return 0;
}

static bool has_other_end(const struct capture *c,
			  const struct sockaddr_storage *local,
			  const struct sockaddr_storage *peer)
{
	list_each(&c->sockets, struct seen_socket, o)
		if (same(&o->local, peer) && same(&o->peer, local))
			return true;
	return false;
}

static uint16_t port(const struct sockaddr_storage *a)
{
	return ((const struct sockaddr_in *)a)->sin_port;
}

bool address_is_any(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *in6 = (const void *)a;

	if (a->ss_family == AF_INET)
		return !((const struct sockaddr_in *)a)->sin_addr.s_addr;
	return IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
}

/* Is the address one that the listener @l answers at? */
static bool answers(const struct seen_socket *l,
		    const struct sockaddr_storage *address)
{
	struct sockaddr_storage any = l->local;

	if (l->state != T_LISTEN || port(&l->local) != port(address))
		return false;
	return same(&l->local, address) || address_is_any(&any);
}

/* A connection to a listener of the tree which has not accepted it yet. */
static bool is_pending(const struct capture *c,
		       const struct sockaddr_storage *local,
		       const struct sockaddr_storage *peer)
{
	if (!peer->ss_family || has_other_end(c, local, peer))
		return false;
	list_each(&c->sockets, struct seen_socket, o)
		if (answers(o, peer))
			return true;
	return false;
}

static size_t pending_at(const struct capture *c, const struct seen_socket *l)
{
	size_t n = 0;

	list_each(&c->sockets, struct seen_socket, o)
		n += o->state == T_ESTABLISHED && answers(l, &o->peer) &&
			!has_other_end(c, &o->local, &o->peer);
	return n;
}

/* Its other end is closed here, by nobody's descriptor, and hears no more. */
static bool is_left_alone(int state, const struct sockaddr_storage *local,
			  const struct sockaddr_storage *peer)
{
	struct connection reverse = { *peer, *local };
	bool owned;
	int other;

	if (state != T_CLOSE_WAIT && state != T_LAST_ACK)
		return false;
	other = connection_state(&reverse, &owned);
	return !owned && (other == T_FIN_WAIT2 || other == T_TIME_WAIT ||
			  other == T_FIN_WAIT1);
}

/* ---- obstacles ---- */

static bool can_repair(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = REPAIR_ON;
	bool can = fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on,
					 sizeof(on)) == 0;

	if (fd >= 0)
		close(fd);
	return can;
}

static char *name_text(const struct sockaddr_storage *ss, char *to)
{
	struct blob b = { (uint8_t *)ss, ss->ss_family == AF_INET ?
			  sizeof(struct sockaddr_in) :
			  sizeof(struct sockaddr_in6) };

	return address_text(&b, to);
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info;
}

static void check_listener(struct capture *c, struct source *s,
			   const struct source_fd *fd, int dup)
{
	size_t waiting = info_of(dup).tcpi_unacked, inner = 0;
	char text[ADDRESS_TEXT] = "";

	list_each(&c->sockets, struct seen_socket, o)
		if (o->ino == fd->st.st_ino) {
			inner = pending_at(c, o);
			name_text(&o->local, text);
		}
	if (waiting <= inner || c->tcp == TCP_ENDED)
		return;
	c->passing = true;
	obstacle_add(c, s, "try again when it has, or have them reset "
		     "(--tcp=close)", "has %zu TCP connection%s at %s "
		     "(descriptor %d) that it has not accepted yet",
		     waiting - inner, waiting - inner == 1 ? "" : "s", text,
		     fd->fd);
}

/* kTLS keeps its keys and numbers in the kernel. */
static bool has_upper_layer(int fd)
{
	char name[16] = "";
	socklen_t len = sizeof(name);

	return getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &len) == 0 &&
	       len && name[0];
}

static void check_kept(struct capture *c, struct source *s,
		       const struct source_fd *fd, int dup, bool inner,
		       const char *ends)
{
	struct pollfd urgent = { .fd = dup, .events = POLLPRI };

	if (poll(&urgent, 1, 0) > 0 && urgent.revents & POLLPRI) {
		c->passing = true;
		obstacle_add(c, s, NULL, "has a TCP connection %s (descriptor "
			     "%d) in which urgent data waits", ends, fd->fd);
	} else if (has_upper_layer(dup)) {
		obstacle_add(c, s, NULL, "has a TCP connection %s (descriptor "
			     "%d) whose encryption is done in the kernel", ends,
			     fd->fd);
	} else if (!can_repair()) {
		obstacle_add(c, s, inner ? NULL :
			     "let it be closed (--tcp=close)",
			     "has a TCP connection %s (descriptor %d), and to "
			     "keep it takes CAP_NET_ADMIN", ends, fd->fd);
	}
}

static void check_connection(struct capture *c, struct source *s,
			     const struct source_fd *fd, int dup, int state)
{
	struct sockaddr_storage local, peer;
	char here[ADDRESS_TEXT], there[ADDRESS_TEXT];
	char ends[2 * ADDRESS_TEXT + 16];
	bool inner;

	plain_name(dup, false, &local);
	plain_name(dup, true, &peer);
	snprintf(ends, sizeof(ends), "from %s to %s", name_text(&local, here),
		 name_text(&peer, there));
	if (is_pending(c, &local, &peer)) {
		if (info_of(dup).tcpi_bytes_acked <= 1)
			return;
		c->passing = true;
		obstacle_add(c, s, NULL, "has sent something over a TCP "
			     "connection %s (descriptor %d) that the other end, "
			     "in the tree, has not accepted yet", ends, fd->fd);
		return;
	}
	inner = has_other_end(c, &local, &peer) ||
		is_left_alone(state, &local, &peer);
	if (!inner && c->tcp == TCP_REFUSE)
		obstacle_add(c, s, "keep it, if its address comes along "
			     "(--tcp=keep), or let it be closed (--tcp=close)",
			     "has a TCP connection %s outside the tree "
			     "(descriptor %d)", ends, fd->fd);
	else if (inner || c->tcp == TCP_KEEP)
		check_kept(c, s, fd, dup, inner, ends);
}

void tcp_check(struct capture *c, struct source *s, const struct source_fd *fd,
	       int dup, int state)
{
	if (state == T_LISTEN)
		check_listener(c, s, fd, dup);
	else if (state != T_CLOSE && state != T_SYN_SENT && state)
		check_connection(c, s, fd, dup, state);
}

void tcp_listeners(const struct capture *c, struct list *to)
{
	list_each(&c->sockets, struct seen_socket, o)
		if (o->state == T_LISTEN)
			*(struct sockaddr_storage *)list_add(to,
				sizeof(o->local)) = o->local;
}

bool tcp_stays(const struct capture *c, uint64_t ino)
{
	list_each(&c->sockets, struct seen_socket, o)
		if (o->ino == ino)
			return o->state == T_LISTEN || o->state == T_CLOSE ||
			       c->tcp == TCP_KEEP ||
			       has_other_end(c, &o->local, &o->peer);
	return false;
}

/* ---- recording ---- */

static int get_int(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static void add_chunks(struct capture *c, uint64_t id, uint32_t queue,
		       const uint8_t *data, size_t len)
{
	for (size_t done = 0; done < len; done += CHUNK) {
		struct rec_inet_data *rec =
			image_add(&c->image, RECORD_INET_DATA, id);
		size_t some = len - done < CHUNK ? len - done : CHUNK;

		rec->queue = queue;
		rec->data.len = some;
		rec->data.data = xmalloc(some);
		memcpy(rec->data.data, data + done, some);
	}
}

/* What is in the queue, left in it; its length, -1. */
static ssize_t peek_queue(struct capture *c, int fd, uint64_t id,
			  uint32_t queue)
{
	int offset = get_int(fd, SOL_SOCKET, PEEK_OFF), room = 0;
	uint8_t *data;
	ssize_t n;

	ioctl(fd, queue == QUEUE_SENT ? SIOCOUTQ : SIOCINQ, &room);
	if (room <= 0)
		return 0;
	data = xmalloc(room);
	if (offset >= 0)
		set_int(fd, SOL_SOCKET, PEEK_OFF, -1);
	n = recv(fd, data, room, MSG_PEEK | MSG_DONTWAIT);
	if (offset >= 0)
		set_int(fd, SOL_SOCKET, PEEK_OFF, offset);
	if (n < 0 && errno == EAGAIN)
		n = 0;
	if (n > 0)
		add_chunks(c, id, queue, data, n);
	free(data);
	return n;
}

static struct kept_connection *keep(struct capture *c, int fd, uint64_t id)
{
	struct kept_connection *k = list_add(&c->connections, sizeof(*k));

	k->id = id;
	k->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	k->reuse = get_int(fd, SOL_SOCKET, SO_REUSEADDR);
	plain_name(fd, false, &k->local);
	plain_name(fd, true, &k->peer);
	k->inner = has_other_end(c, &k->local, &k->peer);
	return k;
}

int tcp_capture(struct capture *c, int fd, uint64_t id, struct rec_inet *rec,
		struct failure *f)
{
	struct sockaddr_storage local, peer;

	if (rec->state == INET_CONNECTED) {
		plain_name(fd, false, &local);
		plain_name(fd, true, &peer);
		if (is_pending(c, &local, &peer))
			rec->state = INET_CONNECTING;
		else if (c->tcp == TCP_ENDED &&
			 !has_other_end(c, &local, &peer))
			rec->state = INET_RESET;
		else
			keep(c, fd, id);
	}
	if (rec->state >= INET_ENDED &&
	    peek_queue(c, fd, id, QUEUE_RECEIVED) < 0)
		return fail_errno(f, 0, "cannot look at what waits in a TCP "
				  "socket");
	if (rec->state == INET_CONNECTING && !rec->peer.len)
		return fail(f, STATUS_OBSTACLE, "cannot tell where a TCP socket "
			    "is connecting to");
	return 0;
}

static bool peer_has_shut(int state)
{
	return state == T_CLOSE_WAIT || state == T_LAST_ACK ||
	       state == T_CLOSING;
}

static bool own_has_shut(int state)
{
	return state == T_FIN_WAIT1 || state == T_FIN_WAIT2 ||
	       state == T_LAST_ACK || state == T_CLOSING;
}

static int record_failed(const struct kept_connection *k, struct failure *f)
{
	char here[ADDRESS_TEXT], there[ADDRESS_TEXT];

	return fail_errno(f, 0, "cannot look into the TCP connection from %s to "
			  "%s", name_text(&k->local, here),
			  name_text(&k->peer, there));
}

/* The FIN has a number, too. */
static int record_sent(struct capture *c, struct kept_connection *k,
		       struct failure *f)
{
	struct rec_tcp *rec = image_add(&c->image, RECORD_TCP, k->id);
	int unsent = 0;
	ssize_t n;

	rec->inner = k->inner;
	rec->own_shut = own_has_shut(tcp_state(k->fd));
	if (set_int(k->fd, IPPROTO_TCP, TCP_REPAIR, REPAIR_ON) < 0 ||
	    set_int(k->fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, QUEUE_SEND) < 0)
		return record_failed(k, f);
	n = peek_queue(c, k->fd, k->id, QUEUE_SENT);
	if (n < 0)
		return record_failed(k, f);
	k->sent = n;
	rec->send_seq = (uint32_t)get_int(k->fd, IPPROTO_TCP, TCP_QUEUE_SEQ) -
		rec->own_shut - n;
	ioctl(k->fd, SIOCOUTQNSD, &unsent);
	unsent -= unsent > 0 && rec->own_shut;
	rec->unsent = unsent < n ? unsent : n;
	return 0;
}

static void record_rest(int fd, struct rec_tcp *rec)
{
	struct tcp_info info = info_of(fd);
	struct tcp_repair_window w = { 0 };
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	socklen_t len = sizeof(w);

	rec->mss = get_int(fd, IPPROTO_TCP, TCP_MAXSEG);
	rec->options = info.tcpi_options & (TCPI_OPT_TIMESTAMPS |
					    TCPI_OPT_SACK | TCPI_OPT_WSCALE);
	rec->send_scale = info.tcpi_snd_wscale;
	rec->recv_scale = info.tcpi_rcv_wscale;
	rec->timestamp = get_int(fd, IPPROTO_TCP, TCP_TIMESTAMP);
	rec->read_shut = !rec->peer_shut && poll(&p, 1, 0) > 0 &&
		p.revents & POLLRDHUP;
	if (getsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &w, &len) < 0)
		return;
	rec->window_seq = w.snd_wl1;
	rec->send_window = w.snd_wnd;
	rec->max_window = w.max_window;
	rec->recv_window = w.rcv_wnd;
	rec->recv_update = w.rcv_wup;
}

/* Bytes that wait, and the number of the next, as of one moment. */
static int record_received(struct capture *c, struct kept_connection *k,
			   struct failure *f)
{
	struct rec_tcp *rec = image_find(&c->image, RECORD_TCP, k->id);
	struct list *data = image_list(&c->image, RECORD_INET_DATA);
	size_t before = data->n;
	uint32_t seq;
	ssize_t n;
	int waiting = 0;

	if (set_int(k->fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, QUEUE_RECV) < 0)
		return record_failed(k, f);
	do {
		while (data->n > before) {
			struct record *last = list_at(data, struct record,
						      data->n - 1);
			struct rec_inet_data *d = last->data;

			free(d->data.data);
			free(d);
			data->n--;
		}
		seq = get_int(k->fd, IPPROTO_TCP, TCP_QUEUE_SEQ);
		rec->peer_shut = peer_has_shut(tcp_state(k->fd));
		n = peek_queue(c, k->fd, k->id, QUEUE_RECEIVED);
		if (n < 0)
			return record_failed(k, f);
		record_rest(k->fd, rec);
	} while (seq != (uint32_t)get_int(k->fd, IPPROTO_TCP, TCP_QUEUE_SEQ));
	ioctl(k->fd, SIOCINQ, &waiting);
	if (waiting != n)
		return fail(f, STATUS_OBSTACLE, "urgent data waits in a TCP "
			    "connection, which cannot be moved");
	k->received = n;
	rec->recv_seq = seq - rec->peer_shut - n;
	return 0;
}

/* Forgets the first @bytes of what was sent. */
static void drop_sent(struct capture *c, uint64_t id, size_t bytes)
{
	struct list *data = image_list(&c->image, RECORD_INET_DATA);
	struct record *to = data->items;

	list_each(data, struct record, r) {
		struct rec_inet_data *d = r->data;
		size_t some = 0;

		if (r->id == id && d->queue == QUEUE_SENT)
			some = bytes < d->data.len ? bytes : d->data.len;
		bytes -= some;
		d->data.len -= some;
		memmove(d->data.data, d->data.data + some, d->data.len);
		if (some && !d->data.len) {
			free(d->data.data);
			free(d);
		} else {
			*to++ = *r;
		}
	}
	data->n = to - (struct record *)data->items;
}

/*
 * Where both ends are ours, this one is to know what the other one has and has
 * room for, and all else is yet to be sent.  Left to themselves they might never
 * find out: an end whose peer took a part of its window back, and whose news of
 * what it has was lost, numbers its segments from within the window, and the peer
 * takes none so old, not even for what they acknowledge.
 */
static void settle_inner(struct capture *c, const struct kept_connection *k)
{
	struct rec_tcp *rec = image_find(&c->image, RECORD_TCP, k->id);

	list_each(&c->connections, const struct kept_connection, o) {
		const struct rec_tcp *other;
		int32_t known, room;
		uint32_t has;

		if (!same(&o->local, &k->peer) || !same(&o->peer, &k->local))
			continue;
		other = image_find(&c->image, RECORD_TCP, o->id);
		has = other->recv_seq + o->received;
		known = has - rec->send_seq;
		if (known < 0 || (size_t)known > k->sent)
			continue;
		drop_sent(c, k->id, known);
		rec->send_seq = has;
		rec->unsent = k->sent - known;
		if (!rec->max_window || !other->max_window)
			continue;
		room = other->recv_update + other->recv_window - has;
		rec->send_window = room > 0 ? room : 0;
		if (rec->send_window > rec->max_window)
			rec->max_window = rec->send_window;
		rec->window_seq = rec->recv_seq + k->received + rec->peer_shut;
	}
}

static int record_all(struct capture *c, struct failure *f)
{
	list_each(&c->connections, struct kept_connection, k)
		if (record_sent(c, k, f) < 0)
			return -1;
	list_each(&c->connections, struct kept_connection, k)
		if (record_received(c, k, f) < 0)
			return -1;
	list_each(&c->connections, struct kept_connection, k)
		settle_inner(c, k);
	return 0;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	int rc;

	if (s != c->sources.items ||
	    (!c->connections.n && !guard_has_gate(c)))
		return 0;
	if (guard_start(c, f) < 0)
		return -1;
	rc = record_all(c, f);
	list_each(&c->connections, struct kept_connection, k)
		connection_let_go(k);
	return rc;
}

/* ---- restore: what was, is gone ---- */

static int listen_here(int family, struct sockaddr_storage *at, socklen_t *len)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in6.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	memset(at, 0, sizeof(*at));
	*len = family == AF_INET ? sizeof(in) : sizeof(in6);
	memcpy(at, family == AF_INET ? (void *)&in : (void *)&in6, *len);
	if (fd >= 0 && bind(fd, (struct sockaddr *)at, *len) == 0 &&
	    listen(fd, 1) == 0 &&
	    getsockname(fd, (struct sockaddr *)at, len) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int send_all(int fd, const struct blob *data)
{
	for (size_t done = 0; done < data->len;) {
		ssize_t n = send(fd, data->data + done, data->len - done,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0)
			return -1;
		done += n;
	}
	return 0;
}

static int send_queue(struct restore *r, int fd, uint64_t id, uint32_t queue)
{
	size_t n;
	struct record *recs = image_run(&r->image, RECORD_INET_DATA, id, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rec_inet_data *d = recs[i].data;

		if (d->queue == queue && send_all(fd, &d->data) < 0)
			return -1;
	}
	return 0;
}

static size_t queued(struct restore *r, uint64_t id, uint32_t queue)
{
	size_t n, bytes = 0;
	struct record *recs = image_run(&r->image, RECORD_INET_DATA, id, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rec_inet_data *d = recs[i].data;

		bytes += d->queue == queue ? d->data.len : 0;
	}
	return bytes;
}

/* Some of the buffer is for the kernel's own bookkeeping. */
static void make_recv_room(int fd, size_t bytes)
{
	int want = bytes < QUEUE_MAX / 2 ? bytes : QUEUE_MAX / 2;

	if (get_int(fd, SOL_SOCKET, SO_RCVBUF) / 2 < want &&
	    set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 2 * want) < 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, 2 * want);
}

/* The other end is ours, and resets it. */
static int connect_and_reset(struct restore *r, int fd, int server, uint64_t id,
			     const struct sockaddr_storage *at, socklen_t len)
{
	struct linger now = { 1, 0 };
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	size_t bytes = queued(r, id, QUEUE_RECEIVED);
	int peer, rc;

	make_recv_room(fd, bytes);
	if (connect(fd, (const struct sockaddr *)at, len) < 0)
		return -1;
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	if (peer < 0)
		return -1;
	socket_make_room(peer, 2 * bytes);
	rc = send_queue(r, peer, id, QUEUE_RECEIVED);
	/* Nothing of it may be lost by the reset. */
	for (int ms = 0, left = 1; rc == 0 && left && ms < 1000; ms++) {
		ioctl(peer, SIOCOUTQ, &left);
		if (left)
			usleep(1000);
	}
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(peer);
	return rc == 0 && poll(&p, 1, 1000) == 1 ? 0 : -1;
}

int tcp_end(struct restore *r, int fd, uint64_t id, const struct rec_inet *rec,
	    struct failure *f)
{
	struct sockaddr_storage at;
	socklen_t len;
	int server = listen_here(rec->family, &at, &len), rc = -1;
	char *text = inet_text(rec);

	if (server >= 0)
		rc = connect_and_reset(r, fd, server, id, &at, len);
	if (rc < 0) {
		fail_errno(f, 0, "cannot make of a %s one whose connection has "
			   "ended (is the loopback device up?)", text);
	} else {
		if (rec->state == INET_ENDED)	/* the program knows */
			get_int(fd, SOL_SOCKET, SO_ERROR);
		set_int(fd, SOL_SOCKET, BUF_LOCK, 0);
		rc = socket_set(r, fd, &rec->options, text, f);
		socket_own(r, fd, &rec->owner, text);
		fcntl(fd, F_SETFL, rec->flags);
	}
	if (server >= 0)
		close(server);
	free(text);
	return rc;
}

/* ---- restore: in silence ---- */

static bool is_kept(const struct restore *r, const struct rec_tcp *t)
{
	return t->inner || !r->end_tcp;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_TCP, struct rec_tcp, t) {
		const struct rec_inet *s =
			image_find(&r->image, RECORD_INET, t_r->id);

		if (!s || s->state != INET_CONNECTED || !s->local.len ||
		    t->send_scale > 14 || t->recv_scale > 14 ||
		    t->unsent > queued(r, t_r->id, QUEUE_SENT))
			return fail(f, STATUS_STREAM, "TCP connection %llu is "
				    "not sound", (unsigned long long)t_r->id);
		if (is_kept(r, t) && !can_repair())
			return fail(f, STATUS_PERM, "the program has TCP "
				    "connections, and to keep them takes "
				    "CAP_NET_ADMIN%s", t->inner ? "" :
				    ": let them be closed (--tcp=close)");
	}
	image_each(&r->image, RECORD_INET, struct rec_inet, s)
		if (s->state == INET_CONNECTED &&
		    !image_find(&r->image, RECORD_TCP, s_r->id))
			return fail(f, STATUS_STREAM, "socket %llu has no TCP "
				    "connection", (unsigned long long)s_r->id);
	return 0;
}

/* From now on nobody finds that they are missing. */
static int prepare(struct restore *r, struct failure *f)
{
	struct list outer = { 0 };
	size_t n;

	image_each(&r->image, RECORD_TCP, struct rec_tcp, t) {
		const struct rec_inet *s =
			image_find(&r->image, RECORD_INET, t_r->id);
		struct connection *c;

		if (t->inner || r->end_tcp)
			continue;
		c = list_add(&outer, sizeof(*c));
		address_plain(&s->local, &c->local);
		address_plain(&s->peer, &c->peer);
	}
	n = outer.n;
	if (n)
		r->wall = wall_open(&outer);
	list_free(&outer);
	if (n && r->wall < 0)
		return fail_errno(f, 0, "cannot keep the packets of %zu TCP "
				  "connections back while they are rebuilt, "
				  "which takes nf_tables in the kernel", n);
	return 0;
}

static time_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Two processes must get the processor until it is free, the source to die and
 * the guard to hear of it. */
static int connect_patiently(struct restore *r, int fd,
			     const struct rec_inet *s)
{
	bool ends = restore_source_ends(r);
	time_t until = now_s() + PATIENCE_S;

	for (;;) {
		if (connect(fd, (const struct sockaddr *)s->peer.data,
			    s->peer.len) == 0)
			return 0;
		if ((errno != EADDRNOTAVAIL && errno != EADDRINUSE) || !ends ||
		    now_s() >= until)
			return -1;
		usleep(1000);
	}
}

static int set_seq(int fd, int queue, uint32_t seq)
{
	return set_int(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, queue) < 0 ? -1 :
		set_int(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, (int)seq);
}

static int agree(int fd, const struct rec_tcp *t)
{
	struct tcp_repair_opt opts[4];
	size_t n = 0;

	opts[n++] = (struct tcp_repair_opt){ OPT_MSS, t->mss };
	if (t->options & TCPI_OPT_WSCALE)
		opts[n++] = (struct tcp_repair_opt){ OPT_SCALE,
			t->send_scale | t->recv_scale << 16 };
	if (t->options & TCPI_OPT_SACK)
		opts[n++] = (struct tcp_repair_opt){ OPT_SACK, 0 };
	if (t->options & TCPI_OPT_TIMESTAMPS)
		opts[n++] = (struct tcp_repair_opt){ OPT_TIMESTAMPS, 0 };
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_OPTIONS, opts,
		       n * sizeof(*opts)) < 0)
		return -1;
	return set_int(fd, IPPROTO_TCP, TCP_TIMESTAMP, (int)t->timestamp);
}

static int set_windows(int fd, const struct rec_tcp *t)
{
	struct tcp_repair_window w = {
		.snd_wl1 = t->window_seq, .snd_wnd = t->send_window,
		.max_window = t->max_window, .rcv_wnd = t->recv_window,
		.rcv_wup = t->recv_update,
	};

	if (!w.max_window)
		return 0;
	/* The number of the peer's FIN is not there yet. */
	if (t->peer_shut && w.rcv_wup)
		w.rcv_wup--;
	if (t->peer_shut)
		w.snd_wl1--;
	return setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &w, sizeof(w));
}

static int rebuild(struct restore *r, int fd, uint64_t id,
		   const struct rec_inet *s, const struct rec_tcp *t,
		   const char **step)
{
	*step = "numbers";
	if (set_int(fd, IPPROTO_TCP, TCP_REPAIR, REPAIR_ON) < 0 ||
	    set_seq(fd, QUEUE_SEND, t->send_seq) < 0 ||
	    set_seq(fd, QUEUE_RECV, t->recv_seq) < 0)
		return -1;
	*step = "own address";
	if (bind(fd, (const struct sockaddr *)s->local.data, s->local.len) < 0)
		return -1;
	*step = "peer";
	if (connect_patiently(r, fd, s) < 0)
		return -1;
	*step = "options";
	if (agree(fd, t) < 0)
		return -1;
	*step = "data received";
	make_recv_room(fd, queued(r, id, QUEUE_RECEIVED));
	if (set_int(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, QUEUE_RECV) < 0 ||
	    send_queue(r, fd, id, QUEUE_RECEIVED) < 0)
		return -1;
	*step = "windows";
	return set_windows(fd, t);
}

static int rebuild_failed(const struct rec_inet *s, const char *step,
			  struct failure *f)
{
	char here[ADDRESS_TEXT], there[ADDRESS_TEXT];

	address_text(&s->local, here);
	address_text(&s->peer, there);
	if (errno == EADDRNOTAVAIL)
		return fail(f, STATUS_DIFFERS, "the TCP connection from %s to %s "
			    "is still here: if the source has it, end that with "
			    "migrate-release --kill", here, there);
	return fail_errno(f, 0, "cannot rebuild the TCP connection from %s to %s "
			  "(its %s)", here, there, step);
}

static int place(struct restore *r, uint64_t id, const struct rec_tcp *t,
		 struct failure *f)
{
	const struct rec_inet *s = image_find(&r->image, RECORD_INET, id);
	int fd = opened_find(&r->opened, id), copy;
	const char *step;

	if (!is_kept(r, t)) {
		struct rec_inet gone = *s;	/* lent */

		gone.state = INET_RESET;
		return tcp_end(r, fd, id, &gone, f);
	}
	if (rebuild(r, fd, id, s, t, &step) < 0)
		return rebuild_failed(s, step, f);
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return copy < 0 ? -1 : opened_add(r, &r->held, id, copy, f);
}

/* Of all, not of each process's: they share them. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent)
		return 0;
	image_each(&r->image, RECORD_TCP, struct rec_tcp, t)
		if (place(r, t_r->id, t, f) < 0)
			return -1;
	image_each(&r->image, RECORD_INET, struct rec_inet, s) {
		int copy;

		if (s->state != INET_CONNECTING)
			continue;
		copy = fcntl(opened_find(&r->opened, s_r->id),
			     F_DUPFD_CLOEXEC, 3);
		if (copy < 0 || opened_add(r, &r->held, s_r->id, copy, f) < 0)
			return -1;
	}
	return 0;
}

/* ---- restore: it speaks again ---- */

/* Sends the part of the queue of sent data from @from to @to. */
static int send_part(struct restore *r, int fd, uint64_t id, size_t from,
		     size_t to)
{
	size_t n, at = 0;
	struct record *recs = image_run(&r->image, RECORD_INET_DATA, id, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rec_inet_data *d = recs[i].data;
		size_t low = from > at ? from - at : 0;
		size_t high = to > at ? to - at : 0;
		struct blob part;

		if (d->queue != QUEUE_SENT)
			continue;
		high = high < d->data.len ? high : d->data.len;
		part = (struct blob){ d->data.data + low, high - low };
		if (low < high && send_all(fd, &part) < 0)
			return -1;
		at += d->data.len;
	}
	return 0;
}

/* The peer's FIN, once more. */
static int repeat_fin(const struct rec_inet *s, const struct rec_tcp *t,
		      size_t received)
{
	struct sockaddr_storage local, peer;
	struct tcphdr head = { .doff = 5, .fin = 1, .ack = 1 };
	struct blob none = { 0 };

	address_plain(&s->local, &local);
	address_plain(&s->peer, &peer);
	head.source = ((struct sockaddr_in *)&peer)->sin_port;
	head.dest = ((struct sockaddr_in *)&local)->sin_port;
	head.seq = htonl(t->recv_seq + received);
	head.ack_seq = htonl(t->send_seq);
	head.window = htons(t->send_window >> t->send_scale);
	return inject(&peer, &local, IPPROTO_TCP, &head, sizeof(head),
		      &head.check, &none);
}

static int await_fin(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 1000) == 1 ? 0 : -1;
}

static int fill_sent(struct restore *r, int fd, uint64_t id,
		     const struct rec_tcp *t)
{
	size_t bytes = queued(r, id, QUEUE_SENT);

	socket_make_room(fd, 2 * bytes);
	if (set_int(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, QUEUE_SEND) < 0)
		return -1;
	return send_part(r, fd, id, 0, bytes - t->unsent);
}

static int speak(struct restore *r, int fd, uint64_t id,
		 const struct rec_inet *s, const struct rec_tcp *t,
		 struct failure *f)
{
	size_t bytes = queued(r, id, QUEUE_SENT);
	char *text;
	int rc;

	if (set_int(fd, IPPROTO_TCP, TCP_REPAIR, t->inner ? REPAIR_OFF_SILENT :
		    REPAIR_OFF) < 0 ||
	    send_part(r, fd, id, bytes - t->unsent, bytes) < 0)
		return -1;
	if (t->peer_shut && !t->inner &&
	    (repeat_fin(s, t, queued(r, id, QUEUE_RECEIVED)) < 0 ||
	     await_fin(fd) < 0))
		return -1;
	text = inet_text(s);
	set_int(fd, SOL_SOCKET, BUF_LOCK, 0);
	rc = socket_set(r, fd, &s->options, text, f);
	socket_own(r, fd, &s->owner, text);
	free(text);
	fcntl(fd, F_SETFL, s->flags);
	return rc;
}

static void connect_again(struct restore *r, int fd, const struct rec_inet *s,
			  struct failure *f)
{
	char *text = inet_text(s);

	/* An address that is not here was chosen by the kernel, there. */
	if (bind(fd, (const struct sockaddr *)s->local.data, s->local.len) < 0)
		warning_add(r, "a %s connects from another address", text);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	/* How that ends the program will be told. */
	if (connect(fd, (const struct sockaddr *)s->peer.data, s->peer.len) < 0 &&
	    errno != EINPROGRESS)
		warning_add(r, "a %s cannot connect: %s", text,
			    strerror(errno));
	socket_set(r, fd, &s->options, text, f);
	socket_own(r, fd, &s->owner, text);
	fcntl(fd, F_SETFL, s->flags);
	free(text);
}

/* All are there before the first one speaks. */
static int commit(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_TCP, struct rec_tcp, t)
		if (is_kept(r, t) &&
		    fill_sent(r, opened_find(&r->held, t_r->id), t_r->id, t) < 0)
			return fail_errno(f, 0, "cannot fill a TCP connection");
	if (r->wall >= 0)
		close(r->wall);
	r->wall = -1;
	image_each(&r->image, RECORD_TCP, struct rec_tcp, t)
		if (is_kept(r, t) &&
		    speak(r, opened_find(&r->held, t_r->id), t_r->id,
			  image_find(&r->image, RECORD_INET, t_r->id), t, f) < 0)
			return f->status ? -1 : fail_errno(f, 0, "cannot let a "
				"TCP connection go on");
	image_each(&r->image, RECORD_TCP, struct rec_tcp, t) {
		int fd = opened_find(&r->held, t_r->id);

		if (is_kept(r, t) && t->own_shut)
			shutdown(fd, SHUT_WR);
		if (is_kept(r, t) && t->read_shut)
			shutdown(fd, SHUT_RD);
	}
	image_each(&r->image, RECORD_INET, struct rec_inet, s)
		if (s->state == INET_CONNECTING)
			connect_again(r, opened_find(&r->held, s_r->id), s, f);
	return f->status ? -1 : 0;
}

/* ---- words ---- */

const struct kind kind_tcp = {
	.type = RECORD_TCP, .schema = &schema, .unique = true,
	.capture = capture,
	.verify = verify, .prepare = prepare, .settle = settle,
	.commit = commit,
};
