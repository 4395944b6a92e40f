/* SPDX-License-Identifier: MIT */
/*
 * unix.c - UNIX domain sockets: which they are, and how they hang together
 *
 * A socket is one record, whatever its type.  Who is connected to whom, and who
 * waits to be accepted, only sock_diag tells (proc/unix.h); the rest is asked of
 * the socket itself, of which the capture takes a duplicate.  What is in their
 * queues is message.c's; making them again is unixmake.c's.
 *
 * An end outside the tree is an obstacle, unless the user has said what is to
 * become of it.  A datagram socket connected to a name outside (syslog) connects
 * to it again without being asked.
 */
#include "image/mounts.h"
#include "image/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "image/say.h"

#define ESTABLISHED	1	/* TCP_ESTABLISHED, TCP_LISTEN: in sock_diag */
#define LISTENING	10

const char *const unix_policies[] = { "refuse", "reconnect", "close", NULL };

static const struct field unix_fields[] = {
	FIELD(struct rec_unix, dev, FIELD_UINT),
	FIELD(struct rec_unix, gid, FIELD_UINT),
	FIELD(struct rec_unix, ino, FIELD_UINT),
	FIELD(struct rec_unix, uid, FIELD_UINT),
	FIELD(struct rec_unix, base, FIELD_TEXT),
	FIELD(struct rec_unix, gone, FIELD_BOOL),
	FIELD(struct rec_unix, mode, FIELD_UINT),
	FIELD(struct rec_unix, name, FIELD_BLOB, .max = UNIX_NAME_MAX),
	FIELD(struct rec_unix, peer, FIELD_UINT),
	FIELD(struct rec_unix, sock, FIELD_UINT),
	FIELD(struct rec_unix, type, FIELD_UINT),
	FIELD(struct rec_unix, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_unix, known, FIELD_BOOL),
	SOCKET_OWNER_FIELD(struct rec_unix),
	FIELD(struct rec_unix, reset, FIELD_BOOL),
	FIELD(struct rec_unix, state, FIELD_UINT),
	FIELD(struct rec_unix, mounts, FIELD_UINT),
	FIELD(struct rec_unix, backlog, FIELD_UINT),
	SOCKET_OPTIONS_FIELD(struct rec_unix),
	FIELD(struct rec_unix, waiting, FIELD_WORDS),
	FIELD(struct rec_unix, peer_gid, FIELD_UINT),
	FIELD(struct rec_unix, peer_pid, FIELD_UINT),
	FIELD(struct rec_unix, peer_uid, FIELD_UINT),
	FIELD(struct rec_unix, shutdown, FIELD_UINT),
	FIELD(struct rec_unix, peer_name, FIELD_BLOB, .max = UNIX_NAME_MAX),
	FIELD(struct rec_unix, peer_groups, FIELD_WORDS),
};
static const struct schema unix_schema =
	SCHEMA("UNIX domain socket", struct rec_unix, unix_fields);

/* ---- names ---- */

const char *unix_text(const uint8_t *name, size_t len, char *to)
{
	size_t n = 0;

	if (!len)
		return strcpy(to, "(no name)");
	for (size_t i = 0; i < len && n + 5 < UNIX_TEXT; i++) {
		if (!name[i] && i && name[0])
			break;	/* the end of a path */
		if (!name[i] && !i)
			to[n++] = '@';
		else if (name[i] < ' ' || name[i] == 127)
			n += sprintf(to + n, "\\%03o", name[i]);
		else
			to[n++] = name[i];
	}
	to[n] = '\0';
	return to;
}

bool unix_same_name(const struct blob *a, const struct blob *b)
{
	return a->len && a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static bool same_name(const struct proc_unix *a, const struct proc_unix *b)
{
	return a->name_len && a->name_len == b->name_len &&
	       !memcmp(a->name, b->name, a->name_len);
}

static void keep_name(struct blob *to, const uint8_t *name, size_t len)
{
	to->len = len;
	to->data = len ? xmalloc(len) : NULL;
	if (len)
		memcpy(to->data, name, len);
}

/* ---- one look at all of them ---- */

static int compare(const void *a, const void *b)
{
	const struct tree_unix *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

struct tree_unix *tree_unix_find(const struct unix_look *l, uint32_t ino)
{
	struct tree_unix key = { .ino = ino };

	return ino && l && l->socks.n ?
		bsearch(&key, l->socks.items, l->socks.n, sizeof(key), compare) :
		NULL;
}

struct tree_unix *tree_unix_add(struct unix_look *l, struct source *s,
				const struct source_fd *fd)
{
	struct tree_unix *t = tree_unix_find(l, fd->st.st_ino), *items;

	if (t)
		return t;
	t = list_add(&l->socks, sizeof(*t));
	items = l->socks.items;
	for (; t > items && t[-1].ino > fd->st.st_ino; t--)
		*t = t[-1];
	*t = (struct tree_unix){
		.ino = fd->st.st_ino, .s = s, .fd = fd->fd,
		.k = proc_unix_find(&l->all, fd->st.st_ino),
	};
	return t;
}

static bool claims(const struct source_fd *fd)
{
	return !strncmp(fd->protocol, "UNIX", 4);
}

static void free_message(struct queued *q)
{
	free(q->rec.data.data);
	free(q->rec.from.data);
	list_free(&q->rec.rights);
	list_free(&q->rec.lengths);
	list_free(&q->fds);
}

void unix_forget(struct capture *c)
{
	struct unix_look *l = c->unix_look;

	if (!l)
		return;
	list_each(&l->socks, struct tree_unix, t) {
		list_each(&t->messages, struct queued, q)
			free_message(q);
		list_free(&t->messages);
	}
	list_free(&l->socks);
	list_each(&l->flight.fds, struct source_fd, fd) {
		close(fd->fd);
		free(fd->link);
		proc_fdinfo_free(&fd->info);
	}
	list_free(&l->flight.fds);
	list_free(&l->ids);
	proc_unix_free(&l->all);
	free(l);
	c->unix_look = NULL;
}

struct source *unix_in_flight(struct capture *c)
{
	struct unix_look *l = c->unix_look;

	return l && l->flight.fds.n ? &l->flight : NULL;
}

/* "scm_fds: 1", in fdinfo: descriptors that wait in it to be received. */
static bool has_flying(const struct source_fd *fd)
{
	const char *at = fd->info.text ? strstr(fd->info.text, "scm_fds:") : NULL;

	return at && atoi(at + strlen("scm_fds:")) > 0;
}

/* What waits in sockets is looked at in the freeze; not in that of a draft: to be
 * looked at twice hides empty messages. */
static bool walks(const struct capture *c)
{
	return c->frozen && !c->watch;
}

static bool any_socket(const struct capture *c)
{
	list_each(&c->sources, struct source, s)
		list_each(&s->fds, struct source_fd, fd)
			if (claims(fd))
				return true;
	return false;
}

static int look(struct capture *c, struct failure *f)
{
	struct source *top = list_at(&c->sources, struct source, 0);
	struct unix_look *l;

	unix_forget(c);
	if (!any_socket(c))
		return 0;
	l = c->unix_look = xcalloc(1, sizeof(*l));
	/* What is ours is looked at through ourselves, and told as the top's. */
	l->flight = (struct source){
		.pid = top->pid, .via = getpid(), .id = top->id,
		.status = top->status, .pagemap = -1, .strings.mem = -1,
	};
	if (proc_unix(&l->all) < 0)
		return fail_errno(f, 0, "cannot ask for UNIX domain sockets");
	list_each(&c->sources, struct source, s)
		list_each(&s->fds, struct source_fd, fd)
			if (claims(fd)) {
				tree_unix_add(l, s, fd);
				l->flying |= has_flying(fd);
			}
	return walks(c) ? queues_walk(l, f) : 0;
}

/* Before any other kind asks who is in the tree. */
static int check_all(struct capture *c, struct source *s, struct failure *f)
{
	return s == list_at(&c->sources, struct source, 0) ? look(c, f) : 0;
}

/* ---- whose is the other end ---- */

static bool in_tree(const struct unix_look *l, uint32_t ino)
{
	return tree_unix_find(l, ino) != NULL;
}

static bool is_connection(const struct proc_unix *k)
{
	return k->type != SOCK_DGRAM && k->state == ESTABLISHED;
}

/* The listening socket of the tree that @k waits for to be accepted. */
static struct tree_unix *waits_for(const struct unix_look *l, uint32_t ino)
{
	list_each(&l->socks, struct tree_unix, t) {
		if (!t->k || t->k->state != LISTENING)
			continue;
		list_each(&t->k->waiting, uint32_t, w)
			if (*w == ino)
				return t;
	}
	return NULL;
}

/* Its peer is gone for good, and does not only wait to be accepted. */
static bool is_orphan(const struct unix_look *l, const struct proc_unix *k)
{
	return !k->peer && k->shutdown == 3 && !waits_for(l, k->ino);
}

static const struct proc_unix *outer_peer(const struct unix_look *l,
					  const struct proc_unix *k)
{
	return k->has_peer && k->peer && !in_tree(l, k->peer) ?
		proc_unix_find(&l->all, k->peer) : NULL;
}

static bool leads_out(const struct unix_look *l, const struct proc_unix *k)
{
	if (k->type == SOCK_DGRAM)
		return k->has_peer && k->peer && !in_tree(l, k->peer);
	if (!is_connection(k) || in_tree(l, k->peer))
		return false;
	return k->peer || !(is_orphan(l, k) || waits_for(l, k->ino));
}

/* A name outside that a datagram socket is connected to, as to /dev/log. */
static bool may_go_on(const struct unix_look *l, const struct proc_unix *k)
{
	const struct proc_unix *peer = outer_peer(l, k);

	return k->type == SOCK_DGRAM && peer && peer->name_len;
}

bool unix_is_inside(const struct capture *c, const struct source_fd *fd)
{
	const struct unix_look *l = c->unix_look;
	const struct tree_unix *t = tree_unix_find(l, fd->st.st_ino);

	return claims(fd) && t && t->k &&
	       (!leads_out(l, t->k) || may_go_on(l, t->k));
}

/* Did it connect to somebody who listens there still? */
static bool is_client(const struct unix_look *l, const struct proc_unix *k)
{
	const struct proc_unix *peer = outer_peer(l, k);

	if (!peer)
		return false;
	list_each(&l->all, struct proc_unix, u)
		if (u->state == LISTENING && same_name(u, peer))
			return true;
	return false;
}

/* ---- what cannot be moved ---- */

static void check_end(struct capture *c, struct source *s,
		      const struct source_fd *fd, const struct proc_unix *k)
{
	const struct unix_look *l = c->unix_look;
	const struct proc_unix *peer = outer_peer(l, k);
	char text[UNIX_TEXT];

	/* Its peer may be one of those in flight: the freeze will tell. */
	if (!leads_out(l, k) || may_go_on(l, k) ||
	    c->unix_policy != UNIX_REFUSE || (l->flying && !walks(c)))
		return;
	obstacle_add(c, s, "capture the process at its other end with it, leave "
		     "it behind (--drop), or say what becomes of it "
		     "(--unix=reconnect, --unix=close)",
		     "has a socket to somebody outside the tree (%s%s%s, "
		     "descriptor %d)", fd->link,
		     peer && peer->name_len ? ", connected to " : "",
		     peer && peer->name_len ?
		     unix_text(peer->name, peer->name_len, text) : "", fd->fd);
}

/*
 * What was sent to a socket that nobody has accepted yet cannot be looked at.
 * It is in the list, without an inode.
 */
static bool has_unseen_data(const struct unix_look *l, const struct proc_unix *k)
{
	list_each(&l->all, struct proc_unix, u) {
		if (u->ino)
			break;
		if (u->state == ESTABLISHED && same_name(u, k) && u->rqueue &&
		    (!u->peer || waits_for(l, u->peer)))
			return true;
	}
	return false;
}

static void check_waiting(struct capture *c, struct source *s,
			  const struct source_fd *fd, const struct proc_unix *k)
{
	const struct unix_look *l = c->unix_look;
	char text[UNIX_TEXT];
	bool strangers = false;

	list_each(&k->waiting, uint32_t, w)
		strangers |= *w && !in_tree(l, *w);
	if (strangers && c->unix_policy == UNIX_REFUSE &&
	    (!l->flying || walks(c))) {
		obstacle_add(c, s, "wait until it has accepted them, or leave "
			     "them behind (--unix=close)",
			     "has not yet accepted connections from outside the "
			     "tree (%s, descriptor %d)",
			     unix_text(k->name, k->name_len, text), fd->fd);
		c->passing = true;
	}
	if (k->waiting.n && (has_unseen_data(l, k) || has_flying(fd))) {
		obstacle_add(c, s, "wait until it has accepted them",
			     "has not yet accepted connections through which "
			     "data was sent already (%s, descriptor %d)",
			     unix_text(k->name, k->name_len, text), fd->fd);
		c->passing = true;
	}
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	struct tree_unix *t = tree_unix_find(c->unix_look, fd->st.st_ino);
	struct failure mine = { 0 };
	int sock;

	(void)f;
	if (!t || !t->k) {
		if (walks(c))
			obstacle_add(c, s, NULL, "has a socket of another "
				     "network namespace (descriptor %d)", fd->fd);
		return 0;
	}
	if (t->k->state == LISTENING)
		check_waiting(c, s, fd, t->k);
	else
		check_end(c, s, fd, t->k);
	sock = socket_take(s, fd->fd, &mine);
	if (sock >= 0) {
		socket_check(c, s, fd, sock);
		close(sock);
	}
	return 0;
}

/* ---- capture: the name ---- */

static char *path_text(const struct proc_unix *k)
{
	char *text = xcalloc(1, UNIX_NAME_MAX + 1);

	memcpy(text, k->name, k->name_len);
	return text;
}

/* Somebody else's, if the kernel shows another socket that has this file. */
static bool is_file_of(const struct unix_look *l, const struct proc_unix *k,
		       const struct stat *st)
{
	if (!S_ISSOCK(st->st_mode))
		return false;
	if ((uint32_t)st->st_ino == k->file_ino)
		return true;
	/* An overlay may show other numbers than the file system below. */
	list_each(&l->all, struct proc_unix, u)
		if (same_name(u, k) && u->file_ino == (uint32_t)st->st_ino)
			return false;
	return (uint64_t)st->st_dev != ((uint64_t)(k->file_dev >> 20) << 8 |
					(k->file_dev & 0xff));
}

static bool try_file(const struct unix_look *l, const struct proc_unix *k,
		     const char *path, struct rec_unix *rec)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !is_file_of(l, k, &st))
		return false;
	rec->dev = st.st_dev;
	rec->ino = st.st_ino;
	rec->mode = st.st_mode;
	rec->uid = st.st_uid;
	rec->gid = st.st_gid;
	return true;
}

static bool is_very_file(const struct proc_unix *k, const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && (uint32_t)st.st_ino == k->file_ino &&
	       (uint64_t)st.st_dev == ((uint64_t)(k->file_dev >> 20) << 8 |
				       (k->file_dev & 0xff));
}

/* The mount namespace of the tree in which the path leads to it; NULL ours, if
 * it does here, too. */
static struct mount_space *space_of(const struct capture *c,
				    const struct proc_unix *k, const char *path)
{
	if (path[0] != '/' || !c->spaces.n || is_very_file(k, path))
		return NULL;
	list_each(&c->sources, struct source, s) {
		char *here = s->space ? mounts_path(s->space, path) : NULL;
		bool found = here && is_very_file(k, here);

		free(here);
		if (found)
			return s->space;
	}
	return NULL;
}

/* A relative path started from where its process was then; perhaps it, or
 * another one of the tree, is there still. */
static void find_file(const struct capture *c, const struct proc_unix *k,
		      struct rec_unix *rec)
{
	char *text = path_text(k);
	struct mount_space *space = space_of(c, k, text);

	rec->gone = true;
	if (text[0] == '/') {
		char *here = mounts_path(space, text);

		rec->gone = !try_file(c->unix_look, k, here, rec);
		rec->mounts = rec->gone ? 0 : mounts_id(space);
		free(here);
	}
	list_each(&c->sources, struct source, s) {
		char *cwd, *path, *here;

		if (text[0] == '/' || s->zombie || !rec->gone)
			break;
		cwd = proc_link(s->via, "cwd");
		here = mounts_path(s->space, cwd ? cwd : "");
		path = xasprintf("%s/%s", here, text);
		rec->gone = !cwd || !try_file(c->unix_look, k, path, rec);
		if (!rec->gone) {
			rec->base = xstrdup(cwd);
			rec->mounts = mounts_id(s->space);
		}
		free(path);
		free(here);
		free(cwd);
	}
	free(text);
}

static void capture_name(const struct capture *c, const struct proc_unix *k,
			 struct rec_unix *rec)
{
	keep_name(&rec->name, k->name, k->name_len);
	if (k->name_len && k->name[0])
		find_file(c, k, rec);
}

/* ---- capture: the peer ---- */

static void capture_peer_name(int sock, struct rec_unix *rec)
{
	struct sockaddr_un un = { 0 };
	socklen_t len = sizeof(un);
	size_t head = offsetof(struct sockaddr_un, sun_path);

	if (getpeername(sock, (struct sockaddr *)&un, &len) == 0 && len > head)
		keep_name(&rec->peer_name, (uint8_t *)un.sun_path, len - head);
}

static void capture_groups(int sock, struct rec_unix *rec)
{
	gid_t groups[1024];
	socklen_t len = sizeof(groups);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return;
	for (size_t i = 0; i < len / sizeof(gid_t); i++)
		*(uint64_t *)list_add(&rec->peer_groups, sizeof(uint64_t)) =
			groups[i];
}

static void capture_peer_creds(const struct capture *c, int sock,
			       struct rec_unix *rec)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ||
	    cred.uid == (uid_t)-1)
		return;
	rec->known = true;
	rec->peer_pid = capture_id(c, cred.pid);
	rec->peer_uid = cred.uid;
	rec->peer_gid = cred.gid;
	capture_groups(sock, rec);
}

static uint32_t state_of_end(const struct capture *c, const struct proc_unix *k)
{
	const struct unix_look *l = c->unix_look;

	if (in_tree(l, k->peer))
		return UNIX_CONNECTED;
	if (k->type == SOCK_DGRAM && !k->has_peer)
		return UNIX_ALONE;
	if (k->type != SOCK_DGRAM && waits_for(l, k->ino))
		return UNIX_WAITING;
	if (!leads_out(l, k) || c->unix_policy == UNIX_CLOSE)
		return UNIX_ORPHAN;
	return may_go_on(l, k) || is_client(l, k) ? UNIX_OUTSIDE : UNIX_ORPHAN;
}

static uint32_t state_of(const struct capture *c, const struct proc_unix *k)
{
	if (k->state == LISTENING)
		return UNIX_LISTENING;
	return k->type == SOCK_DGRAM || is_connection(k) ?
		state_of_end(c, k) : UNIX_ALONE;
}

/* Only a peer that has gone, leaving what it had not read, makes it fail so;
 * to ask for the error would take it away. */
static bool is_reset(int sock)
{
	struct pollfd p = { sock, 0, 0 };

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct tree_unix *t = tree_unix_find(c->unix_look, fd->st.st_ino);
	int sock = socket_take(s, fd->fd, f), rc;
	struct rec_unix *rec;

	if (sock < 0)
		return -1;
	if (!t || !t->k) {
		close(sock);
		return fail(f, STATUS_OBSTACLE, "process %d has a socket of "
			    "another network namespace (descriptor %d)", s->pid,
			    fd->fd);
	}
	rec = image_add(&c->image, RECORD_UNIX, id);
	t->id = id;
	rec->type = t->k->type;
	rec->flags = fd->info.flags & (O_NONBLOCK | O_ASYNC);
	rec->sock = t->ino;
	rec->shutdown = t->k->shutdown;
	rec->state = state_of(c, t->k);
	rec->reset = is_reset(sock);
	if (rec->reset && rec->type == SOCK_DGRAM) {
		close(sock);
		return fail(f, STATUS_OBSTACLE, "process %d has a datagram "
			    "socket with an error waiting (descriptor %d)",
			    s->pid, fd->fd);
	}
	if (rec->state == UNIX_LISTENING)
		rec->backlog = t->k->wqueue;
	if (rec->state == UNIX_ORPHAN || rec->state == UNIX_OUTSIDE)
		capture_peer_name(sock, rec);
	capture_name(c, t->k, rec);
	capture_peer_creds(c, sock, rec);
	rc = socket_read(c, sock, &rec->options, &rec->owner, f);
	close(sock);
	return rc;
}

const struct fd_kind fd_kind_unix = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- restore: is it sound ---- */

static bool is_sound(const struct restore *r, const struct rec_unix *u)
{
	const struct rec_unix *peer = image_find(&r->image, RECORD_UNIX, u->peer);
	bool listens = peer && peer->state == UNIX_LISTENING;

	if (u->state > UNIX_OUTSIDE || u->shutdown > 3 ||
	    (u->type != SOCK_STREAM && u->type != SOCK_DGRAM &&
	     u->type != SOCK_SEQPACKET))
		return false;
	if (u->state == UNIX_OUTSIDE && !u->peer_name.len)
		return false;
	if (u->state == UNIX_WAITING || u->state == UNIX_CONNECTED) {
		if (!peer || peer->type != u->type ||
		    listens != (u->state == UNIX_WAITING))
			return false;
		/* Connections have two ends, and have each other. */
		if (u->state == UNIX_CONNECTED && u->type != SOCK_DGRAM)
			return peer->state == UNIX_CONNECTED && peer != u &&
			       image_find(&r->image, RECORD_UNIX, peer->peer) == u;
	}
	return u->type != SOCK_DGRAM || (u->state != UNIX_LISTENING &&
					 u->state != UNIX_WAITING);
}

static int verify_one(struct restore *r, uint64_t id, const struct rec_unix *u,
		      struct failure *f)
{
	if (!is_sound(r, u))
		return fail(f, STATUS_STREAM, "UNIX domain socket %llu is not "
			    "sound", (unsigned long long)id);
	list_each(&u->waiting, uint64_t, w) {
		const struct rec_unix *o = image_find(&r->image, RECORD_UNIX, *w);

		if (u->state != UNIX_LISTENING ||
		    (*w && (!o || o->state != UNIX_WAITING || o->peer != id)))
			return fail(f, STATUS_STREAM, "UNIX domain socket %llu "
				    "is waited for by one that does not",
				    (unsigned long long)id);
	}
	return socket_verify(&u->options, &u->owner, "a UNIX domain socket", f);
}

char *unix_path(const struct restore *r, const struct rec_unix *u)
{
	char name[UNIX_NAME_MAX + 1] = "", *full, *here;

	memcpy(name, u->name.data, u->name.len);
	full = name[0] == '/' ? xstrdup(name) :
		xasprintf("%s/%s", u->base ? u->base : ".", name);
	here = mounts_here(r, u->mounts, full);
	free(full);
	return here;
}

/* The source's own, which may be there still. */
static bool is_source(const struct restore *r, uint32_t ino)
{
	image_each(&r->image, RECORD_UNIX, struct rec_unix, u)
		if (u->sock == ino)
			return restore_same_boot(r);
	return false;
}

/* Is it the file of a socket that somebody else takes connections or datagrams
 * by?  A number of a file may have been used again, one of a socket not. */
static bool is_bound(const struct restore *r, const struct list *all,
		     const struct stat *st)
{
	list_each(all, struct proc_unix, u)
		if (u->has_file && u->file_ino == (uint32_t)st->st_ino &&
		    (u->state == LISTENING || u->type == SOCK_DGRAM) &&
		    !is_source(r, u->ino))
			return true;
	return false;
}

/*
 * What is at the path that it had: nothing, or what it had itself, or what
 * some other server has left lying.  It is taken over only then.
 */
static void verify_path(struct restore *r, const struct rec_unix *u,
			const struct list *all)
{
	char *path = unix_path(r, u);
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno != ENOENT)
			differs_add(r, "%s: %s", path, strerror(errno));
	} else if (!S_ISSOCK(st.st_mode)) {
		differs_add(r, "%s is no socket here", path);
	} else if (is_bound(r, all, &st)) {
		differs_add(r, "%s is the socket of another program here", path);
	}
	free(path);
}

/* Where it is to connect again, somebody has to listen. */
static void verify_server(struct restore *r, const struct rec_unix *u,
			  const struct list *all)
{
	char text[UNIX_TEXT];

	list_each(all, struct proc_unix, k)
		if (k->state == LISTENING && k->type == u->type &&
		    k->name_len == u->peer_name.len &&
		    !memcmp(k->name, u->peer_name.data, k->name_len))
			return;
	differs_add(r, "nobody listens at %s, where a socket is to connect again",
		    unix_text(u->peer_name.data, u->peer_name.len, text));
}

static int verify(struct restore *r, struct failure *f)
{
	struct list all = { 0 };
	int rc = 0;

	if (image_list(&r->image, RECORD_UNIX)->n)
		proc_unix(&all);
	image_each(&r->image, RECORD_UNIX, struct rec_unix, u) {
		if (rc == 0)
			rc = verify_one(r, u_r->id, u, f);
		if (rc == 0 && u->name.len && u->name.data[0] && !u->gone)
			verify_path(r, u, &all);
		if (rc == 0 && u->state == UNIX_OUTSIDE &&
		    u->type != SOCK_DGRAM)
			verify_server(r, u, &all);
	}
	proc_unix_free(&all);
	return rc;
}

static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent || !image_list(&r->image, RECORD_UNIX)->n)
		return 0;
	if (unix_make_all(r, f) < 0 || messages_restore(r, f) < 0)
		return -1;
	return unix_finish_all(r, f);
}

/* Before it runs: it may look into the directories of its sockets. */
static int commit(struct restore *r, struct failure *f)
{
	(void)f;
	unix_end(r, true);
	return 0;
}

/* ---- for people ---- */

static void put_name(FILE *to, const char *word, const struct blob *name)
{
	char text[UNIX_TEXT];

	if (!name->len)
		return;
	fputs(word, to);
	put_text(to, unix_text(name->data, name->len, text));
}

static void describe(FILE *to, const void *data)
{
	static const char *const states[] = {
		"", "listening", "connected", "waiting to be accepted",
		"whose peer has gone", "to be connected again",
	};
	const struct rec_unix *u = data;

	fprintf(to, "UNIX %s socket",
		u->type == SOCK_STREAM ? "stream" :
		u->type == SOCK_DGRAM ? "datagram" : "sequenced packet");
	put_name(to, " ", &u->name);
	if (u->state && u->state <= UNIX_OUTSIDE)
		fprintf(to, ", %s", states[u->state]);
	put_name(to, " to ", &u->peer_name);
}

const struct kind kind_unix = {
	.type = RECORD_UNIX, .schema = &unix_schema, .unique = true,
	.open = true,
	.check = check_all, .verify = verify, .settle = settle,
	.commit = commit,
	.describe = describe,
};
