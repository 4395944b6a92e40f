/* SPDX-License-Identifier: MIT */
/*
 * message.c - what waits in UNIX domain sockets to be received
 *
 * The queue of a socket is walked with MSG_PEEK and SO_PEEK_OFF, which leave it
 * as it is; SO_PASSCRED, set meanwhile, tells who sent what, and keeps apart
 * in a stream what came from different senders.  Descriptors in flight become
 * descriptors of ours that way: they are open descriptions like any other, and
 * may be sockets with queues of their own.
 *
 * A datagram without any bytes that has been looked at once is passed over by
 * the kernel the next time, if it is not the first of its queue: one that a
 * capture has seen that failed, or that let the program run on.
 *
 * Restored they are sent again, by the same sender where it is known.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "image/pids.h"
#include "image/unix.h"

#define PIECE		(1u << 20)	/* of a stream, in one record */
#define WINDOW		(64u << 10)
#define RIGHTS_MAX	253		/* the kernel's SCM_MAX_FD */
#ifndef SCM_PIDFD
#define SCM_PIDFD	4
#endif

static const struct field message_fields[] = {
	FIELD(struct rec_message, gid, FIELD_UINT),
	FIELD(struct rec_message, pid, FIELD_UINT),
	FIELD(struct rec_message, uid, FIELD_UINT),
	FIELD(struct rec_message, data, FIELD_BLOB, .max = MESSAGE_MAX),
	FIELD(struct rec_message, from, FIELD_BLOB, .max = UNIX_NAME_MAX),
	FIELD(struct rec_message, rights, FIELD_WORDS, .max = RIGHTS_MAX),
	FIELD(struct rec_message, sender, FIELD_UINT),
	FIELD(struct rec_message, urgent, FIELD_BOOL),
	FIELD(struct rec_message, lengths, FIELD_WORDS, .max = PIECE),
	FIELD(struct rec_message, credentials, FIELD_BOOL),
};
static const struct schema message_schema =
	SCHEMA("message", struct rec_message, message_fields);

/* Room for all that a message may bring along. */
union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(RIGHTS_MAX * sizeof(int)) +
		  CMSG_SPACE(sizeof(struct ucred)) + 1024];
};

/* ---- walking a queue ---- */

/* A descriptor that came with a message. */
static int take_flying(struct unix_look *l, struct queued *q, int fd,
		       struct failure *f)
{
	struct source_fd *known;

	if (source_look_fd(&l->flight, fd) < 0 || !l->flight.fds.n)
		return fail_errno(f, 0, "cannot look at a descriptor in flight");
	known = list_at(&l->flight.fds, struct source_fd, l->flight.fds.n - 1);
	if (!strncmp(known->protocol, "UNIX", 4))
		tree_unix_add(l, &l->flight, known);
	*(int *)list_add(&q->fds, sizeof(int)) = fd;
	return 0;
}

static int take_rights(struct unix_look *l, struct queued *q,
		       const struct cmsghdr *h, struct failure *f)
{
	size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fds[RIGHTS_MAX], rc = 0;

	memcpy(fds, CMSG_DATA(h), n * sizeof(int));
	for (size_t i = 0; i < n; i++)
		if (rc == 0)
			rc = take_flying(l, q, fds[i], f);
		else
			close(fds[i]);
	return rc;
}

/* The kernel says "nobody" if the message was sent without. */
static void take_sender(struct queued *q, const struct cmsghdr *h)
{
	struct ucred cred;

	memcpy(&cred, CMSG_DATA(h), sizeof(cred));
	q->rec.credentials = cred.pid || cred.uid != 65534;
	q->rec.pid = cred.pid;	/* as we see it, until it is recorded */
	q->rec.uid = cred.uid;
	q->rec.gid = cred.gid;
}

/* 1 if the message had a sender, as each has, and the end of all has not. */
static int take_control(struct unix_look *l, struct queued *q,
			struct msghdr *msg, struct failure *f)
{
	int rc = 0, fd;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET)
			continue;
		if (h->cmsg_type == SCM_RIGHTS &&
		    take_rights(l, q, h, f) < 0)
			return -1;
		if (h->cmsg_type == SCM_PIDFD) {
			memcpy(&fd, CMSG_DATA(h), sizeof(fd));
			close(fd);
		}
		if (h->cmsg_type == SCM_CREDENTIALS) {
			take_sender(q, h);
			rc = 1;
		}
	}
	return rc;
}

static struct queued *queued_add(struct tree_unix *t, const uint8_t *data,
				 size_t len)
{
	struct queued *q = list_add(&t->messages, sizeof(*q));

	q->rec.data.data = xmalloc(len + 1);
	q->rec.data.len = len;
	memcpy(q->rec.data.data, data, len);
	return q;
}

/*
 * The next message, or piece of a stream, at SO_PEEK_OFF: bytes in *len, 1; 0
 * at the end.
 */
static int peek(struct unix_look *l, struct tree_unix *t, int sock,
		uint8_t *buffer, size_t *len, struct failure *f)
{
	bool stream = t->k->type == SOCK_STREAM;
	struct sockaddr_un from = { 0 };
	union control control = { 0 };
	struct iovec iov = { buffer, stream ? PIECE : MESSAGE_MAX };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	size_t head = offsetof(struct sockaddr_un, sun_path);
	ssize_t n = recvmsg(sock, &msg, MSG_PEEK | MSG_DONTWAIT |
			    MSG_CMSG_CLOEXEC);
	struct queued *q;
	int rc;

	if (n < 0)
		return errno == EAGAIN || errno == ECONNRESET || errno == EINVAL ?
			0 : fail_errno(f, 0, "cannot look into a socket");
	if (n == 0 && stream)
		return 0;
	if (msg.msg_flags & MSG_TRUNC)
		return fail(f, STATUS_OBSTACLE, "process %d has a socket with a "
			    "message of more than %u bytes in it", t->s->pid,
			    MESSAGE_MAX);
	q = queued_add(t, buffer, n);
	rc = take_control(l, q, &msg, f);
	if (rc < 0)
		return -1;
	if (!rc && !n) {	/* shut down: there is no message */
		free(q->rec.data.data);
		t->messages.n--;
		return 0;
	}
	if (msg.msg_namelen > head && t->k->type == SOCK_DGRAM) {
		q->rec.from.len = msg.msg_namelen - head;
		q->rec.from.data = xmalloc(q->rec.from.len);
		memcpy(q->rec.from.data, from.sun_path, q->rec.from.len);
	}
	*len = n;
	return 1;
}

static int set_int(int sock, int name, int value)
{
	return setsockopt(sock, SOL_SOCKET, name, &value, sizeof(value));
}

/* Room for a run, and behind it a page where the kernel may not write. */
struct bay {
	uint8_t *start;
	size_t size;
};

static int bay_open(struct bay *b, struct failure *f)
{
	b->size = MESSAGE_MAX + 4096;
	b->start = mmap(NULL, b->size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->start == MAP_FAILED ||
	    mprotect(b->start + MESSAGE_MAX, 4096, PROT_NONE) < 0)
		return fail_errno(f, 0, "cannot map memory");
	return 0;
}

/*
 * How a stream was written is not seen by who reads it.  But the kernel copies
 * one write after the other, each whole or not at all: with room for @room of
 * the @n bytes at @offset alone, it is those that end before that.  0: none.
 */
static size_t whole_pieces(const struct bay *b, int sock, size_t offset,
			   size_t n, size_t room)
{
	struct iovec iov = { b->start + MESSAGE_MAX - room, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t got;

	set_int(sock, SO_PEEK_OFF, offset);
	got = recvmsg(sock, &msg, MSG_PEEK | MSG_DONTWAIT);
	return got > 0 && (size_t)got <= room ? got : 0;
}

/* The lengths of what lies at @offset, @n bytes, from the last to the first;
 * they are then turned. */
static void add_lengths(const struct bay *b, int sock, size_t offset, size_t n,
			struct list *lengths)
{
	size_t first = lengths->n, start;
	uint64_t *v;

	for (; n; n = start) {
		start = whole_pieces(b, sock, offset, n, n - 1);
		*(uint64_t *)list_add(lengths, sizeof(uint64_t)) = n - start;
	}
	v = lengths->items;
	for (size_t i = first, j = lengths->n; i + 1 < j; i++) {
		uint64_t one = v[i];

		v[i] = v[--j];
		v[j] = one;
	}
}

/* A window at a time, so that little is copied often. */
static void find_lengths(const struct bay *b, int sock, size_t offset, size_t n,
			 struct list *lengths)
{
	size_t window = WINDOW, some;

	for (size_t done = 0; done < n; done += some) {
		some = n - done;
		while (some > window) {
			size_t whole = whole_pieces(b, sock, offset + done,
						    window + 1, window);

			if (whole)
				some = whole;
			else
				window *= 2;
		}
		add_lengths(b, sock, offset + done, some, lengths);
	}
}

/* Descriptors came with the last piece: it is a message of its own. */
static void part_rights(struct tree_unix *t, struct queued *q)
{
	struct queued *last;
	uint64_t size = *list_at(&q->rec.lengths, uint64_t, q->rec.lengths.n - 1);

	list_add(&t->messages, sizeof(*q));
	last = list_at(&t->messages, struct queued, t->messages.n - 1);
	q = last - 1;
	*last = *q;
	memset(&last->rec.lengths, 0, sizeof(struct list));
	memset(&q->fds, 0, sizeof(q->fds));
	q->rec.lengths.n--;
	q->rec.data.len -= size;
	last->rec.data.len = size;
	last->rec.data.data = xmalloc(size);
	memcpy(last->rec.data.data, q->rec.data.data + q->rec.data.len, size);
}

/* In how many pieces the run that was read last was written. */
static void part_pieces(struct tree_unix *t, const struct bay *b, int sock,
			size_t offset)
{
	struct queued *q = list_at(&t->messages, struct queued,
				   t->messages.n - 1);
	size_t n = q->rec.data.len;

	find_lengths(b, sock, offset, n, &q->rec.lengths);
	set_int(sock, SO_PEEK_OFF, offset + n);
	if (q->fds.n && q->rec.lengths.n > 1)
		part_rights(t, q);
	q = list_at(&t->messages, struct queued, t->messages.n - 1);
	if (q->rec.lengths.n == 1)
		list_free(&q->rec.lengths);
}

/*
 * The byte sent by MSG_OOB ends the piece before it: it is the first of its
 * own.  Now it is taken out of that.
 */
static void part_urgent(struct tree_unix *t, uint8_t byte, bool first)
{
	for (size_t i = first ? 0 : 1; i < t->messages.n; i++) {
		struct queued *q = list_at(&t->messages, struct queued, i), *rest;

		if (!q->rec.data.len || q->rec.data.data[0] != byte)
			continue;
		if (q->rec.data.len > 1) {
			list_add(&t->messages, sizeof(*q));
			q = list_at(&t->messages, struct queued, i);
			rest = q + 1;
			memmove(rest + 1, rest, (t->messages.n - i - 2) *
				sizeof(*q));
			*rest = *q;	/* rights stay with the first byte */
			memset(&rest->rec.lengths, 0, sizeof(struct list));
			memset(&rest->rec.rights, 0, sizeof(struct list));
			memset(&rest->fds, 0, sizeof(struct list));
			rest->rec.data.len--;
			rest->rec.data.data = xmalloc(rest->rec.data.len);
			memcpy(rest->rec.data.data, q->rec.data.data + 1,
			       rest->rec.data.len);
			q->rec.data.len = 1;
		}
		list_free(&q->rec.lengths);
		q->rec.urgent = true;
		return;
	}
}

static int get_int(int sock, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(sock, SOL_SOCKET, name, &value, &len) < 0 ? 0 : value;
}

static int walk_all(struct unix_look *l, struct tree_unix *t, int sock,
		    const struct bay *b, bool to_end, struct failure *f)
{
	int waiting = 0, rc = ioctl(sock, FIONREAD, &waiting) < 0 ? 0 : 1;
	size_t len = 0, offset = 0;

	while (rc > 0 && (waiting > 0 || to_end)) {
		rc = peek(l, t, sock, b->start, &len, f);
		if (rc > 0 && t->k->type == SOCK_STREAM)
			part_pieces(t, b, sock, offset);
		offset += len;
		waiting -= len;
	}
	return rc < 0 ? -1 : 0;
}

static int walk_pieces(struct unix_look *l, struct tree_unix *t, int sock,
		       bool to_end, struct failure *f)
{
	struct bay b;
	uint8_t byte = 0;
	int rc, mark = 0;
	bool urgent = t->k->type == SOCK_STREAM &&
		recv(sock, &byte, 1, MSG_OOB | MSG_PEEK | MSG_DONTWAIT) == 1;

	if (bay_open(&b, f) < 0)
		return -1;
	if (urgent) {
		ioctl(sock, SIOCATMARK, &mark);
		set_int(sock, SO_OOBINLINE, 1);
	}
	rc = walk_all(l, t, sock, &b, to_end, f);
	if (urgent) {
		set_int(sock, SO_OOBINLINE, 0);
		part_urgent(t, byte, mark);
	}
	munmap(b.start, b.size);
	return rc;
}

/*
 * As it was it is left, whatever happened.  At the end of the queue an error
 * (@failed) would be waiting, and be lost; but only so far one finds messages
 * without a byte.
 */
static int walk(struct unix_look *l, struct tree_unix *t, int sock, bool failed,
		struct failure *f)
{
	int offset = get_int(sock, SO_PEEK_OFF), pass = get_int(sock, SO_PASSCRED);
	int rc;

	if (set_int(sock, SO_PASSCRED, 1) < 0 || set_int(sock, SO_PEEK_OFF, 0) < 0)
		rc = fail_errno(f, 0, "cannot look into a socket");
	else
		rc = walk_pieces(l, t, sock,
				 t->k->type != SOCK_STREAM && !failed, f);
	set_int(sock, SO_PEEK_OFF, offset);
	set_int(sock, SO_PASSCRED, pass);
	return rc;
}

static int walk_one(struct unix_look *l, struct tree_unix *t, struct failure *f)
{
	struct pollfd p = { -1, POLLIN, 0 };
	struct tree_unix found = *t;	/* the list may move */
	int rc = 0;

	t->walked = true;
	if (!t->k || t->k->state == 10)	/* it listens */
		return 0;
	p.fd = socket_take(t->s, t->fd, f);
	if (p.fd < 0)
		return -1;
	if (poll(&p, 1, 0) == 1 && p.revents & POLLIN)
		rc = walk(l, &found, p.fd, p.revents & POLLERR, f);
	close(p.fd);
	tree_unix_find(l, found.ino)->messages = found.messages;
	return rc;
}

int queues_walk(struct unix_look *l, struct failure *f)
{
	struct rlimit room;
	bool more;

	if (getrlimit(RLIMIT_NOFILE, &room) == 0) {
		room.rlim_cur = room.rlim_max;
		setrlimit(RLIMIT_NOFILE, &room);
	}
	do {
		more = false;
		for (size_t i = 0; i < l->socks.n && !more; i++) {
			struct tree_unix *t =
				list_at(&l->socks, struct tree_unix, i);

			more = !t->walked;
			if (more && walk_one(l, t, f) < 0)
				return -1;
		}
	} while (more);
	return 0;
}

/* ---- capture: when all descriptors have been recorded ---- */

static int check(struct capture *c, struct source *s, struct failure *f)
{
	struct source *flight = unix_in_flight(c);

	if (!flight || s != list_at(&c->sources, struct source, 0))
		return 0;
	return kind_descriptor.check(c, flight, f);
}

static uint64_t id_of(const struct unix_look *l, uint32_t ino)
{
	const struct tree_unix *t = tree_unix_find(l, ino);

	return t ? t->id : 0;
}

/* Descriptions in flight, then the numbers that needed all of them. */
static int record_flying(struct capture *c, struct failure *f)
{
	struct unix_look *l = c->unix_look;

	list_each(&l->flight.fds, struct source_fd, fd) {
		uint64_t id = descriptor_open(c, &l->flight, fd, f);

		if (!id)
			return -1;
		*(uint64_t *)list_add(&l->ids, sizeof(id)) = id;
	}
	return 0;
}

static void record_ties(struct unix_look *l, const struct tree_unix *t,
			struct rec_unix *rec)
{
	if (rec->state == UNIX_CONNECTED)
		rec->peer = id_of(l, t->k->peer);
	if (rec->state != UNIX_LISTENING)
		return;
	list_each(&t->k->waiting, uint32_t, w)
		if (!*w || id_of(l, *w))
			*(uint64_t *)list_add(&rec->waiting,
					      sizeof(uint64_t)) = id_of(l, *w);
}

static uint64_t flying_id(const struct unix_look *l, int fd)
{
	for (size_t i = 0; i < l->flight.fds.n; i++)
		if (list_at(&l->flight.fds, struct source_fd, i)->fd == fd)
			return *list_at(&l->ids, uint64_t, i);
	return 0;
}

/* A socket of the tree that is, or may have been, the sender. */
static uint64_t find_sender(struct capture *c, const struct tree_unix *t,
			    const struct rec_message *m)
{
	image_each(&c->image, RECORD_UNIX, struct rec_unix, u) {
		if (u->type != SOCK_DGRAM)
			continue;
		if (unix_same_name(&u->name, &m->from) ||
		    (!m->from.len && !u->name.len &&
		     u->state == UNIX_CONNECTED && u->peer == t->id))
			return u_r->id;
	}
	return 0;
}

static void record_message(struct capture *c, const struct tree_unix *t,
			   struct queued *q)
{
	struct rec_message *m = image_add(&c->image, RECORD_MESSAGE, t->id);

	*m = q->rec;
	q->rec = (struct rec_message){ 0 };	/* handed over */
	m->pid = m->pid ? capture_id(c, m->pid) : 0;
	if (t->k->type == SOCK_DGRAM)
		m->sender = find_sender(c, t, m);
	list_each(&q->fds, int, fd)
		*(uint64_t *)list_add(&m->rights, sizeof(uint64_t)) =
			flying_id(c->unix_look, *fd);
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct unix_look *l = c->unix_look;

	if (!l || s != list_at(&c->sources, struct source, 0))
		return 0;
	if (record_flying(c, f) < 0)
		return -1;
	image_each(&c->image, RECORD_UNIX, struct rec_unix, u)
		record_ties(l, tree_unix_find(l, u->sock), u);
	image_each(&c->image, RECORD_UNIX, struct rec_unix, u)
		list_each(&u->waiting, uint64_t, w)
			if (*w) {
				struct rec_unix *o = image_find(&c->image,
							RECORD_UNIX, *w);
				o->peer = u_r->id;
			}
	image_each(&c->image, RECORD_UNIX, struct rec_unix, u) {
		struct tree_unix *t = tree_unix_find(l, u->sock);

		/* Of a connection that is lost. */
		if (u->state == UNIX_OUTSIDE && u->type != SOCK_DGRAM)
			continue;
		list_each(&t->messages, struct queued, q)
			record_message(c, t, q);
	}
	return 0;
}

/* ---- restore ---- */

static bool is_open(const struct restore *r, uint64_t id)
{
	for (size_t row = 0; kinds[row]; row++)
		if (kinds[row]->open &&
		    image_find(&r->image, kinds[row]->type, id))
			return true;
	return false;
}

static bool lengths_sound(const struct rec_message *m, const struct rec_unix *to)
{
	size_t left = m->data.len;

	if (m->lengths.n && (!to || to->type != SOCK_STREAM || m->rights.n))
		return false;
	list_each(&m->lengths, uint64_t, n) {
		if (!*n || *n > left)
			return false;
		left -= *n;
	}
	return !m->lengths.n || !left;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_MESSAGE, struct rec_message, m) {
		const struct rec_unix *to =
			image_find(&r->image, RECORD_UNIX, m_r->id);
		const struct rec_unix *from =
			image_find(&r->image, RECORD_UNIX, m->sender);
		bool sound = to && to->state != UNIX_LISTENING &&
			(!m->sender || (from && from->type == SOCK_DGRAM)) &&
			(to->type == SOCK_DGRAM || (!m->sender && !m->from.len)) &&
			(to->type != SOCK_STREAM || m->data.len) &&
			(!m->urgent || m->data.len == 1);

		list_each(&m->rights, uint64_t, id)
			sound &= is_open(r, *id);
		sound &= lengths_sound(m, to);
		if (!sound)
			return fail(f, STATUS_STREAM, "a message for socket %llu "
				    "is not sound",
				    (unsigned long long)m_r->id);
	}
	return 0;
}

/* What is to be sent, laid out for us, or in the memory of a puppet. */
struct parcel {
	struct iovec iov;
	struct msghdr msg;
	union control control;
	int fds[RIGHTS_MAX];
	size_t n;
};

static int find_rights(struct restore *r, const struct rec_message *m,
		       struct parcel *p, struct failure *f)
{
	list_each(&m->rights, uint64_t, id) {
		int fd = opened_find(&r->opened, *id);

		if (fd < 0)
			fd = opened_find(&r->late, *id);
		if (fd < 0)
			return fail(f, STATUS_SYSTEM, "a descriptor in flight "
				    "could not be made");
		p->fds[p->n++] = fd;
	}
	return 0;
}

static void add_control(struct parcel *p, int type, const void *data, size_t n)
{
	struct cmsghdr *h = (void *)(p->control.room + p->msg.msg_controllen);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(h), data, n);
	p->msg.msg_controllen += CMSG_SPACE(n);
}

/* @pid: how the sender is called where it is sent. */
static void fill_control(struct parcel *p, const struct rec_message *m,
			 const int *fds, pid_t pid)
{
	struct ucred cred = { pid, m->uid, m->gid };

	p->msg.msg_controllen = 0;
	if (p->n)
		add_control(p, SCM_RIGHTS, fds, p->n * sizeof(int));
	if (m->credentials)
		add_control(p, SCM_CREDENTIALS, &cred, sizeof(cred));
}

static int send_here(int sock, struct parcel *p, const struct rec_message *m,
		     struct sockaddr_un *to, socklen_t to_len)
{
	struct iovec iov = { m->data.data, m->data.len };
	pid_t self = getpid();
	ssize_t n;

	fill_control(p, m, p->fds, self);
	p->msg.msg_iov = &iov;
	p->msg.msg_iovlen = 1;
	p->msg.msg_name = to_len ? to : NULL;
	p->msg.msg_namelen = to_len;
	p->msg.msg_control = p->msg.msg_controllen ? &p->control : NULL;
	n = sendmsg(sock, &p->msg, MSG_DONTWAIT | MSG_NOSIGNAL |
		    (m->urgent ? MSG_OOB : 0));
	p->msg.msg_iov = NULL;
	if (n >= 0 && (size_t)n < m->data.len)
		errno = ENOBUFS;
	return n == (ssize_t)m->data.len ? 0 : -1;
}

/* The work area is a megabyte: the piece may have to be sent in several. */
#define REMOTE_PIECE (512u << 10)

/* The puppet sends it, since only a process may say that it is itself. */
static int send_there(struct restore *r, struct puppet *by, int sock,
		      struct parcel *p, const struct rec_message *m, size_t done,
		      size_t n, struct sockaddr_un *to, socklen_t to_len,
		      struct failure *f)
{
	int ours[RIGHTS_MAX + 1] = { sock }, theirs[RIGHTS_MAX + 1];
	struct iovec iov = { .iov_len = n };
	struct msghdr msg = { .msg_iovlen = 1, .msg_namelen = to_len };
	size_t call, count = done ? 0 : p->n;
	struct batch b;
	int rc;

	p->n = count;		/* rights go with the first byte */
	memcpy(ours + 1, p->fds, count * sizeof(int));
	if (puppet_give(r, by, ours, theirs, count + 1, f) < 0)
		return -1;
	fill_control(p, m, theirs + 1, puppet_sees(r, by, by->rec->pid));
	puppet_batch(by, &b);
	iov.iov_base = (void *)batch_data(&b, m->data.data + done, n);
	msg.msg_iov = (void *)batch_data(&b, &iov, sizeof(iov));
	msg.msg_control = (void *)batch_data(&b, &p->control,
					     p->msg.msg_controllen + 1);
	msg.msg_controllen = p->msg.msg_controllen;
	if (to_len)
		msg.msg_name = (void *)batch_data(&b, to, to_len);
	call = batch_add(&b, NULL, SYS_sendmsg, theirs[0],
			 batch_data(&b, &msg, sizeof(msg)),
			 MSG_DONTWAIT | MSG_NOSIGNAL | (m->urgent ? MSG_OOB : 0));
	for (size_t i = 0; i <= count; i++)
		batch_add(&b, NULL, SYS_close, theirs[i]);
	rc = batch_run(&b, f);
	if (rc == 0 && batch_ret(&b, call) != (int64_t)n) {
		errno = batch_ret(&b, call) < 0 ? -batch_ret(&b, call) : ENOBUFS;
		rc = -1;
	}
	batch_free(&b);
	return rc;
}

static int send_by(struct restore *r, int sock, const struct rec_message *m,
		   bool stream, struct sockaddr_un *to, socklen_t to_len,
		   struct failure *f)
{
	struct parcel p = { .n = 0 };
	struct puppet *by = m->credentials && m->pid ?
		find_puppet(r, m->pid) : NULL;
	size_t done = 0, n;
	int rc;

	if (find_rights(r, m, &p, f) < 0)
		return -1;
	socket_make_room(sock, 4 * m->data.len + 65536);
	if (!by || by->done)
		return send_here(sock, &p, m, to, to_len);
	if (!stream && m->data.len > REMOTE_PIECE)
		return send_here(sock, &p, m, to, to_len);
	do {
		n = m->data.len - done < REMOTE_PIECE ? m->data.len - done :
			REMOTE_PIECE;
		rc = send_there(r, by, sock, &p, m, done, n, to, to_len, f);
		done += n;
	} while (rc == 0 && done < m->data.len);
	return rc;
}

/* A sender that is gone, or outside: somebody with its name, or with none. */
static int stranger(struct restore *r, const struct rec_message *m,
		    struct made *scratch, struct failure *f)
{
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return fail_errno(f, 0, "cannot make a socket");
	if (m->from.len &&
	    unix_scratch_bind(r, sock, &m->from, scratch, f) < 0) {
		char text[UNIX_TEXT];

		warning_add(r, "a datagram from %s has lost its sender's name",
			    unix_text(m->from.data, m->from.len, text));
		*f = (struct failure){ 0 };
	}
	return sock;
}

/* Through its file, wherever that is now; a name of its own otherwise. */
static socklen_t address_of(const struct made *to, struct sockaddr_un *un)
{
	const struct blob *name = &to->rec->name;

	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!name->len)
		return 0;
	if (to->path >= 0) {
		snprintf(un->sun_path, sizeof(un->sun_path), "/proc/self/fd/%d",
			 to->path);
		return sizeof(*un);
	}
	memcpy(un->sun_path, name->data, name->len);
	return offsetof(struct sockaddr_un, sun_path) + name->len;
}

static int send_datagram(struct restore *r, struct made *to,
			 const struct rec_message *m, struct failure *f)
{
	struct made *from = m->sender ? made_find(r, m->sender) : NULL;
	struct made scratch = { .path = -1, .peer = -1 };
	struct sockaddr_un un;
	socklen_t len = address_of(to, &un);
	int sock = from ? from->fd : -1, rc;

	/* One of a pair that came so has its peer, and needs no address. */
	if (from && from->ready && from->rec->peer == to->id) {
		len = 0;
	} else if (to->peer >= 0 && (!m->from.len ||
		   unix_same_name(&m->from, &to->rec->peer_name))) {
		sock = to->peer;
		len = 0;
	} else if (!from || (from->ready && from->rec->state == UNIX_CONNECTED)) {
		sock = stranger(r, m, &scratch, f);
	}
	if (sock < 0)
		return -1;
	if (!len && !to->rec->name.len && to->peer != sock &&
	    !(from && sock == from->fd))
		rc = fail(f, STATUS_SYSTEM, "a datagram socket without a name "
			  "has a message that nobody can send to it");
	else
		rc = send_by(r, sock, m, false, &un, len, f);
	if (rc < 0)
		fail_errno(f, 0, "cannot put a datagram back");
	if ((!from || sock != from->fd) && sock != to->peer)
		close(sock);
	made_forget(&scratch);
	return rc;
}

/* From the other end: a socket of the tree, or one that stands for it. */
static int send_piece(struct restore *r, struct made *to,
		      const struct rec_message *m, struct failure *f)
{
	struct made *from = made_find(r, to->rec->peer);
	int sock = to->peer >= 0 ? to->peer : from ? from->fd : -1;
	bool stream = to->rec->type == SOCK_STREAM;
	struct rec_message part = *m;
	size_t done = 0, i = 0;

	if (sock < 0)
		return fail(f, STATUS_SYSTEM, "a socket without a peer has data "
			    "to be received");
	do {
		part.data.data = m->data.data + done;
		part.data.len = i < m->lengths.n ?
			*list_at(&m->lengths, uint64_t, i++) :
			m->data.len - done;
		if (send_by(r, sock, &part, stream, NULL, 0, f) < 0)
			return fail_errno(f, 0, "cannot fill a socket");
		done += part.data.len;
	} while (done < m->data.len);
	return 0;
}

/* Sent before more room was made for the next one: all of it at once. */
static size_t bytes_for(struct restore *r, uint64_t id)
{
	size_t n, sum = 0;
	struct record *rec = image_run(&r->image, RECORD_MESSAGE, id, &n);

	for (; n--; rec++) {
		const struct rec_message *m = rec->data;

		sum += 4 * m->data.len + 4096 * (m->lengths.n + 1);
	}
	return sum;
}

static int fill(struct restore *r, struct made *to, struct failure *f)
{
	size_t n;
	struct record *rec = image_run(&r->image, RECORD_MESSAGE, to->id, &n);
	struct made *from = made_find(r, to->rec->peer);

	if (n && to->peer >= 0)
		socket_make_room(to->peer, bytes_for(r, to->id));
	if (n && from)
		socket_make_room(from->fd, bytes_for(r, to->id));
	for (; n--; rec++)
		if ((to->rec->type == SOCK_DGRAM ?
		     send_datagram(r, to, rec->data, f) :
		     send_piece(r, to, rec->data, f)) < 0)
			return -1;
	return 0;
}

/*
 * Datagram sockets.  One that is connected takes messages of its peer alone,
 * so it is connected when its queue is full, and nobody else still has to
 * connect to it.
 */
static bool others_need(struct restore *r, const struct made *m)
{
	image_each(&r->image, RECORD_UNIX, struct rec_unix, u) {
		struct made *o = made_find(r, u_r->id);

		if (u->type == SOCK_DGRAM && u->state == UNIX_CONNECTED &&
		    u->peer == m->id && u_r->id != m->rec->peer && o && !o->ready)
			return true;
	}
	return false;
}

static int connect_datagrams(struct restore *r, struct failure *f)
{
	bool more, left;

	do {
		more = left = false;
		image_each(&r->image, RECORD_UNIX, struct rec_unix, u) {
			struct made *m = made_find(r, u_r->id);

			if (u->type != SOCK_DGRAM || m->ready)
				continue;
			if (others_need(r, m)) {
				left = true;
				continue;
			}
			if (unix_connect_to(r, m, made_find(r, u->peer), f) < 0)
				return -1;
			m->ready = more = true;
		}
	} while (more && left);
	if (left)
		return fail(f, STATUS_STREAM, "datagram sockets are connected "
			    "in a ring");
	return 0;
}

int messages_restore(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_UNIX, struct rec_unix, u)
		if (fill(r, made_find(r, u_r->id), f) < 0)
			return -1;
	return connect_datagrams(r, f);
}

/* When they are in their places: each by the first number that is met. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	for (size_t i = 0; i < p->fd_n; i++) {
		struct rec_unix *u = image_find(&r->image, RECORD_UNIX,
						p->fds[i]->open);

		if (!u || !(u->flags & O_ASYNC))
			continue;
		if (socket_async(p, p->fds[i]->fd, u->flags, f) < 0)
			return -1;
		u->flags &= ~O_ASYNC;
	}
	return 0;
}

const struct kind kind_message = {
	.type = RECORD_MESSAGE, .schema = &message_schema,
	.check = check, .capture = capture,
	.verify = verify, .settle = settle,
};
