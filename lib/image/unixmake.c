/* SPDX-License-Identifier: MIT */
/*
 * unixmake.c - UNIX domain sockets, made again
 *
 * When the puppets are there, and before they get their descriptors.  What a
 * socket tells of its peer (SO_PEERCRED) is noted by the kernel when listen(2),
 * connect(2) or socketpair(2) is called, so these are called in the puppet that
 * is that process now, as the user that it was.  A peer from outside the tree
 * is this program.
 *
 * A connection comes about as it once did: somebody listens at the name of its
 * server, its client connects, the server accepts.  Where that name has no
 * listener any more a passing one takes its place.  A peer that has gone is
 * played until the queue has been filled, and goes then.
 *
 * Names: a path that exists is bound as it was, after what is in its place has
 * been moved aside (and is put back if the restore fails).  One that leads
 * nowhere any more is bound in an empty directory that is the root for a moment,
 * so that nobody else's file is in the way.  Files of sockets are then reached
 * through descriptors of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/mounts.h"
#include "image/unix.h"

#define GROUPS		1024
#define BACKLOG		4096	/* while connections are made */
#define HEAD		offsetof(struct sockaddr_un, sun_path)

/* ---- the list ---- */

static int compare(const void *a, const void *b)
{
	const struct made *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

struct made *made_find(struct restore *r, uint64_t id)
{
	struct made key = { .id = id };

	return id && r->unix_made.n ?
		bsearch(&key, r->unix_made.items, r->unix_made.n, sizeof(key),
			compare) : NULL;
}

static void list_all(struct restore *r)
{
	image_each(&r->image, RECORD_UNIX, struct rec_unix, u)
		*(struct made *)list_add(&r->unix_made, sizeof(struct made)) =
			(struct made){ .id = u_r->id, .rec = u, .fd = -1,
				       .path = -1, .peer = -1 };
	list_sort(&r->unix_made, sizeof(struct made), compare);
}

void made_forget(struct made *m)
{
	if (m->path >= 0)
		close(m->path);
	if (m->peer >= 0)
		close(m->peer);
	m->path = m->peer = -1;
}

/* It is the tree's from here on: the puppets get it with their descriptors. */
static int made_take(struct restore *r, struct made *m, int fd,
		     struct failure *f)
{
	if (opened_add(r, &r->late, m->id, fd, f) < 0)
		return -1;
	m->fd = opened_find(&r->late, m->id);
	return 0;
}

static int new_socket(const struct rec_unix *u, struct failure *f)
{
	int fd = socket(AF_UNIX, u->type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail_errno(f, 0, "cannot make a UNIX domain socket");
	return fd;
}

/* ---- as somebody else ---- */

/* A call that notes who makes it, with what it is about. */
struct errand {
	long nr;		/* SYS_listen, SYS_connect, SYS_socketpair */
	int sock, path;		/* ours; -1 none */
	int number;		/* backlog, or type */
	struct sockaddr_un to;	/* where there is no path */
	socklen_t to_len;
	int pair[2];		/* what came of it */
};

static socklen_t path_address(struct sockaddr_un *un, int fd)
{
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(un->sun_path, sizeof(un->sun_path), "/proc/self/fd/%d", fd);
	return sizeof(*un);
}

/* Only root can be somebody else for a moment. */
static bool changes(const struct rec_unix *who)
{
	return who->known && geteuid() == 0 &&
	       (who->peer_uid != geteuid() || who->peer_gid != getegid() ||
		who->peer_groups.n != (size_t)getgroups(0, NULL));
}

static uint32_t *groups_of(const struct rec_unix *who)
{
	uint32_t *groups = xcalloc(who->peer_groups.n + 1, sizeof(*groups));

	for (size_t i = 0; i < who->peer_groups.n; i++)
		groups[i] = *list_at(&who->peer_groups, uint64_t, i);
	return groups;
}

static long do_here(struct errand *e)
{
	switch (e->nr) {
	case SYS_listen:
		return syscall(e->nr, e->sock, e->number);
	case SYS_connect:
		if (e->path >= 0)
			e->to_len = path_address(&e->to, e->path);
		return syscall(e->nr, e->sock, &e->to, e->to_len);
	default:
		return syscall(e->nr, AF_UNIX, e->number, 0, e->pair);
	}
}

/* Of this thread alone: there is no other. */
static int run_here(const struct rec_unix *who, struct errand *e)
{
	gid_t ours[GROUPS];
	int n = getgroups(GROUPS, ours), err;
	bool other = changes(who) && n >= 0;
	uint32_t *groups = groups_of(who);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	long rc;

	if (other) {
		syscall(SYS_setgroups, who->peer_groups.n, groups);
		syscall(SYS_setresgid, -1, who->peer_gid, -1);
		syscall(SYS_setresuid, -1, who->peer_uid, -1);
	}
	rc = do_here(e);
	err = errno;
	if (other) {
		syscall(SYS_setresuid, -1, uid, -1);
		syscall(SYS_setresgid, -1, gid, -1);
		syscall(SYS_setgroups, n, ours);
	}
	free(groups);
	errno = err;
	return rc < 0 ? -1 : 0;
}

static void become(struct batch *b, const struct rec_unix *who)
{
	uint32_t *groups = groups_of(who);

	batch_add(b, "take the groups of a peer", SYS_setgroups,
		  who->peer_groups.n,
		  batch_data(b, groups, (who->peer_groups.n + 1) *
			     sizeof(*groups)));
	batch_add(b, "take the group of a peer", SYS_setresgid, -1,
		  who->peer_gid, -1);
	batch_add(b, "take the user of a peer", SYS_setresuid, -1,
		  who->peer_uid, -1);
	free(groups);
}

static void become_again(struct batch *b)
{
	gid_t ours[GROUPS];
	int n = getgroups(GROUPS, ours);

	batch_add(b, "be oneself again", SYS_setresuid, -1, geteuid(), -1);
	batch_add(b, "be oneself again", SYS_setresgid, -1, getegid(), -1);
	batch_add(b, "be oneself again", SYS_setgroups, n > 0 ? n : 0,
		  batch_data(b, ours, sizeof(ours)));
}

static size_t add_errand(struct batch *b, struct errand *e, const int *theirs,
			 uint64_t *out)
{
	switch (e->nr) {
	case SYS_listen:
		return batch_add(b, NULL, e->nr, theirs[0], e->number);
	case SYS_connect:
		if (e->path >= 0)
			e->to_len = path_address(&e->to, theirs[1]);
		return batch_add(b, NULL, e->nr, theirs[0],
				 batch_data(b, &e->to, e->to_len), e->to_len);
	default:
		*out = batch_data(b, NULL, 2 * sizeof(int));
		return batch_add(b, NULL, e->nr, AF_UNIX, e->number, 0, *out);
	}
}

static int take_pair(struct puppet *p, const int *theirs, int *ours,
		     struct failure *f)
{
	struct batch b;
	int rc = 0;

	ours[0] = ours[1] = -1;
	if (puppet_take(p, theirs[0], &ours[0], f) < 0 ||
	    puppet_take(p, theirs[1], &ours[1], f) < 0)
		return -1;
	puppet_batch(p, &b);
	batch_add(&b, NULL, SYS_close, theirs[0]);
	batch_add(&b, NULL, SYS_close, theirs[1]);
	rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

static int run_there(struct restore *r, struct puppet *p,
		     const struct rec_unix *who, struct errand *e,
		     struct failure *f)
{
	int ours[2] = { e->sock, e->path }, theirs[2] = { -1, -1 }, made[2];
	int n = e->sock < 0 ? 0 : e->path < 0 ? 1 : 2, rc;
	bool other = changes(who);
	uint64_t out = 0;
	struct batch b;
	size_t call;

	if (n && puppet_give(r, p, ours, theirs, n, f) < 0)
		return -1;
	puppet_batch(p, &b);
	if (other)
		become(&b, who);
	call = add_errand(&b, e, theirs, &out);
	if (other)
		become_again(&b);
	for (int i = 0; i < n; i++)
		batch_add(&b, NULL, SYS_close, theirs[i]);
	rc = batch_run(&b, f);
	if (rc == 0 && batch_ret(&b, call) < 0) {
		errno = -batch_ret(&b, call);
		rc = -1;
	} else if (rc == 0 && out) {
		memcpy(made, batch_out(&b, out), sizeof(made));
		rc = take_pair(p, made, e->pair, f);
	}
	batch_free(&b);
	return rc;
}

/* -1 with errno, if *f is still empty. */
static int run_as(struct restore *r, const struct rec_unix *who,
		  struct errand *e, struct failure *f)
{
	struct puppet *p = who->known && who->peer_pid ?
		find_puppet(r, who->peer_pid) : NULL;

	return p && !p->done && !p->rec->zombie ? run_there(r, p, who, e, f) :
		run_here(who, e);
}

static int listen_as(struct restore *r, const struct rec_unix *who, int sock,
		     int backlog, struct failure *f)
{
	struct errand e = { .nr = SYS_listen, .sock = sock, .path = -1,
			    .number = backlog };

	return run_as(r, who, &e, f) < 0 ?
		fail_errno(f, 0, "cannot listen on a UNIX domain socket") : 0;
}

static int connect_as(struct restore *r, const struct rec_unix *who, int sock,
		      int path, const struct blob *name, struct failure *f)
{
	struct errand e = { .nr = SYS_connect, .sock = sock, .path = path };
	char text[UNIX_TEXT];

	if (path < 0) {
		e.to.sun_family = AF_UNIX;
		memcpy(e.to.sun_path, name->data, name->len);
		e.to_len = HEAD + name->len;
	}
	return run_as(r, who, &e, f) < 0 ?
		fail_errno(f, STATUS_DIFFERS, "cannot connect to %s",
			   unix_text(name->data, name->len, text)) : 0;
}

static int pair_as(struct restore *r, const struct rec_unix *who, int pair[2],
		   struct failure *f)
{
	struct errand e = { .nr = SYS_socketpair, .sock = -1, .path = -1,
			    .number = who->type | SOCK_CLOEXEC };

	if (run_as(r, who, &e, f) < 0)
		return fail_errno(f, 0, "cannot make a pair of sockets");
	pair[0] = e.pair[0];
	pair[1] = e.pair[1];
	return 0;
}

/* Who has it, and would connect now: for connections nobody has accepted. */
static struct rec_unix holder(const struct restore *r, uint64_t id)
{
	struct rec_unix who = { 0 };

	image_each(&r->image, RECORD_DESCRIPTOR, struct rec_descriptor, d) {
		const struct rec_thread *t =
			image_find(&r->image, RECORD_THREAD, d_r->id);
		const struct rec_creds *c = d->open != id || !t ? NULL :
			image_find(&r->image, RECORD_CREDS, t->creds);

		if (!c)
			continue;
		who = (struct rec_unix){
			.known = true, .peer_pid = d_r->id,
			.peer_uid = c->euid, .peer_gid = c->egid,
			.peer_groups = c->groups,	/* lent */
		};
		break;
	}
	return who;
}

/* ---- names ---- */

static void name_text(const struct blob *name, char *text)
{
	memset(text, 0, UNIX_NAME_MAX + 1);
	memcpy(text, name->data, name->len);
}

static int bind_name(int sock, const struct blob *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memcpy(un.sun_path, name->data, name->len);
	return bind(sock, (struct sockaddr *)&un, HEAD + name->len);
}

/* A source that is being ended may have it a moment longer. */
static int bind_abstract(struct restore *r, int sock, const struct blob *name,
			 struct failure *f)
{
	int patience = restore_source_ends(r) ? SOURCE_ENDS_MS : 100;
	char text[UNIX_TEXT];

	while (bind_name(sock, name) < 0) {
		if (errno != EADDRINUSE || patience-- <= 0)
			return fail_errno(f, STATUS_DIFFERS, "the name %s of a "
				"UNIX domain socket is taken here, perhaps by "
				"the source, which migrate-release --kill ends",
				unix_text(name->data, name->len, text));
		usleep(1000);
	}
	return 0;
}

/* What a child that has its own idea of "/" leaves for us. */
struct nook {
	int err;		/* 0: it worked */
	int path;		/* O_PATH: descriptors are shared with it */
};

static int own_root(const char *dir)
{
	char line[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int fd;

	if (uid == 0)
		return chroot(dir);
	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "deny", 4) != 4)
		return -1;
	close(fd);
	for (int i = 0; i < 2; i++) {
		int n = snprintf(line, sizeof(line), "%u %u 1",
				 i ? gid : uid, i ? gid : uid);

		fd = open(i ? "/proc/self/gid_map" : "/proc/self/uid_map",
			  O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, line, n) != n)
			return -1;
		close(fd);
	}
	return chroot(dir);
}

/* Every directory of @path, to be made or to be removed. */
static void parents(const char *path, bool make)
{
	char part[UNIX_NAME_MAX + 1];
	size_t n = strlen(path);

	for (size_t i = 1; i < n; i++) {
		size_t at = make ? i : n - i;

		if (path[at] != '/')
			continue;
		memcpy(part, path, at);
		part[at] = '\0';
		if (make)
			mkdir(part, 0700);
		else
			rmdir(part);
	}
}

static void bind_in_nook(const char *dir, int sock, const struct blob *name,
			 struct nook *nook)
{
	char path[UNIX_NAME_MAX + 1];

	name_text(name, path);
	if (own_root(dir) < 0 || chdir("/") < 0) {
		nook->err = errno;
		return;
	}
	parents(path, true);
	if (bind_name(sock, name) < 0)
		nook->err = errno;
	else
		nook->path = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	unlink(path);
	parents(path, false);
}

/* A child with our descriptors, but a root and working directory of its own. */
static pid_t fork_sharing(void)
{
	return syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
}

static int in_nook(const char *dir, int sock, const struct blob *name, int *path)
{
	struct nook *nook = mmap(NULL, sizeof(*nook), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int err;

	if (nook == MAP_FAILED)
		return -1;
	nook->err = EAGAIN;
	nook->path = -1;
	pid = fork_sharing();
	if (pid == 0) {
		nook->err = 0;
		bind_in_nook(dir, sock, name, nook);
		_exit(0);
	}
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	err = nook->err;
	if (!err && nook->path < 0)
		err = EIO;
	*path = nook->path;
	munmap(nook, sizeof(*nook));
	errno = err;
	return err ? -1 : 0;
}

/* Until all have connected, whoever they are for that moment. */
static void open_to_all(const struct made *m)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->path);
	if (m->path >= 0)
		chmod(path, 0666);
}

int unix_scratch_bind(struct restore *r, int sock, const struct blob *name,
		      struct made *m, struct failure *f)
{
	char dir[] = "/tmp/.migrate-XXXXXX", text[UNIX_TEXT];
	int rc;

	if (!name->data[0])
		return bind_abstract(r, sock, name, f);
	if (!mkdtemp(dir))
		return fail_errno(f, 0, "cannot make a directory in /tmp");
	rc = in_nook(dir, sock, name, &m->path);
	open_to_all(m);
	if (rc < 0)
		fail_errno(f, 0, "cannot name a socket %s",
			   unix_text(name->data, name->len, text));
	rmdir(dir);
	return rc;
}

/* In another mount namespace, by a child that has its root there. */
static int bind_inside(int root, int sock, const struct rec_unix *u)
{
	int status = 0;
	pid_t pid = fork_sharing();

	if (pid == 0) {
		errno = 0;
		if (fchdir(root) < 0 || chroot(".") < 0 ||
		    chdir(u->base ? u->base : "/") < 0 ||
		    bind_name(sock, &u->name) < 0)
			_exit(errno ? errno : EIO);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0)
		errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
	return pid < 0 || errno ? -1 : 0;
}

/* Relative names are bound where they start from. */
static int bind_at(const struct restore *r, int sock, const struct rec_unix *u)
{
	int root = mounts_root(r, u->mounts);
	int here = -1, rc, err;

	if (root >= 0)
		return bind_inside(root, sock, u);
	if (u->base) {
		here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (here < 0 || chdir(u->base) < 0)
			return -1;
	}
	rc = bind_name(sock, &u->name);
	err = errno;
	if (here >= 0 && (fchdir(here) < 0 || close(here) < 0))
		return -1;
	errno = err;
	return rc;
}

static int bind_path(const struct restore *r, struct made *m, int sock,
		     struct failure *f)
{
	char *path = unix_path(r, m->rec);
	struct stat st;
	int rc = 0;

	if (lstat(path, &st) == 0) {
		m->kept = xasprintf("%s.migrate-%d", path, getpid());
		if (rename(path, m->kept) < 0) {
			free(m->kept);
			m->kept = NULL;
		}
	}
	if (bind_at(r, sock, m->rec) < 0)
		rc = fail_errno(f, errno == ENOENT ? STATUS_DIFFERS : 0,
				"cannot make the socket %s", path);
	else
		m->path = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (rc == 0)
		m->placed = true;
	open_to_all(m);
	free(path);
	return rc;
}

static int bind_made(struct restore *r, struct made *m, int sock,
		     struct failure *f)
{
	const struct rec_unix *u = m->rec;

	if (!u->name.len)
		return 0;
	if (!u->name.data[0] || u->gone)
		return unix_scratch_bind(r, sock, &u->name, m, f);
	return bind_path(r, m, sock, f);
}

/* ---- connections ---- */

/* One that listens at the name of @u: of the tree, or a passing one. */
static struct made *find_listener(struct restore *r, const struct rec_unix *u)
{
	list_each(&r->unix_made, struct made, m)
		if (m->rec->state == UNIX_LISTENING && m->rec->type == u->type &&
		    m->fd >= 0 && unix_same_name(&m->rec->name, &u->name) &&
		    m->rec->gone == u->gone)
			return m;
	list_each(&r->unix_passing, struct made, m)
		if (m->rec->type == u->type &&
		    unix_same_name(&m->rec->name, &u->name))
			return m;
	return NULL;
}

static struct made *make_listener(struct restore *r, struct made *server,
				  struct failure *f)
{
	struct made *m = list_add(&r->unix_passing, sizeof(*m));

	*m = (struct made){ .rec = server->rec, .path = -1, .peer = -1 };
	m->fd = new_socket(m->rec, f);
	if (m->fd < 0 || bind_made(r, m, m->fd, f) < 0)
		return NULL;
	return m;
}

/* The two ends of a connection; one that nobody has is left in a struct made
 * that is not in the list. */
static int make_connection(struct restore *r, struct made *server,
			   struct made *client, int *server_fd, int *client_fd,
			   struct failure *f)
{
	struct made *l = find_listener(r, server->rec);

	if (!l)
		l = make_listener(r, server, f);
	if (!l || listen_as(r, client->rec, l->fd, BACKLOG, f) < 0)
		return -1;
	*client_fd = new_socket(client->rec, f);
	if (*client_fd < 0 || bind_made(r, client, *client_fd, f) < 0 ||
	    connect_as(r, server->rec, *client_fd, l->path, &l->rec->name, f) < 0)
		return -1;
	*server_fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	return *server_fd < 0 ? fail_errno(f, 0, "cannot accept a connection") : 0;
}

/* Both have no name, or were made without asking for one another's. */
static int make_pair(struct restore *r, struct made *m, struct made *peer,
		     struct failure *f)
{
	int pair[2] = { -1, -1 };

	if (pair_as(r, m->rec, pair, f) < 0)
		return -1;
	if (made_take(r, m, pair[0], f) < 0)
		return -1;
	m->ready = true;
	if (!peer) {
		m->peer = pair[1];
		return 0;
	}
	peer->ready = true;
	return made_take(r, peer, pair[1], f);
}

static int make_connected(struct restore *r, struct made *a, struct failure *f)
{
	struct made *b = made_find(r, a->rec->peer), *server = a, *client = b;
	int server_fd = -1, client_fd = -1, rc;

	if (!a->rec->name.len && !b->rec->name.len)
		return make_pair(r, a, b, f);
	if (!a->rec->name.len ||
	    (b->rec->name.len && find_listener(r, b->rec))) {
		server = b;
		client = a;
	}
	rc = make_connection(r, server, client, &server_fd, &client_fd, f);
	if (client_fd >= 0 && made_take(r, client, client_fd, f) < 0)
		rc = -1;
	if (server_fd >= 0 && made_take(r, server, server_fd, f) < 0)
		rc = -1;
	a->ready = b->ready = true;
	return rc;
}

/* Its peer has gone: it is played by somebody with its name. */
static int make_orphan(struct restore *r, struct made *m, struct failure *f)
{
	struct rec_unix gone = {
		.type = m->rec->type, .name = m->rec->peer_name, .gone = true,
	};
	struct made peer = { .rec = &gone, .fd = -1, .path = -1, .peer = -1 };
	bool serves = m->rec->name.len;
	int server_fd = -1, client_fd = -1, rc;

	if (!serves && !gone.name.len)
		return make_pair(r, m, NULL, f);
	rc = serves ? make_connection(r, m, &peer, &server_fd, &client_fd, f) :
		make_connection(r, &peer, m, &server_fd, &client_fd, f);
	m->peer = serves ? client_fd : server_fd;
	if (serves && server_fd >= 0)
		rc = made_take(r, m, server_fd, f) < 0 ? -1 : rc;
	if (!serves && client_fd >= 0)
		rc = made_take(r, m, client_fd, f) < 0 ? -1 : rc;
	made_forget(&peer);
	m->ready = true;
	return rc;
}

static int wait_for_accept(struct restore *r, struct made *l, uint64_t id,
			   struct failure *f)
{
	static const struct rec_unix nobody;
	struct made *m = made_find(r, id);
	struct rec_unix who = holder(r, id);
	int sock = m ? m->fd : new_socket(l->rec, f), rc;

	if (sock < 0)
		return -1;
	rc = listen_as(r, m ? m->rec : &nobody, l->fd, BACKLOG, f);
	if (rc == 0)
		rc = connect_as(r, &who, sock, l->path, &l->rec->name, f);
	if (m)
		m->ready = true;
	else
		close(sock);	/* as it did while it waited */
	return rc;
}

/* ---- datagrams ---- */

/* Two that have each other, and know of whom: they came as a pair. */
static struct made *pair_of(struct restore *r, const struct made *m)
{
	struct made *peer = made_find(r, m->rec->peer);

	return m->rec->known && peer && peer != m && peer->rec->known &&
	       peer->rec->peer == m->id && peer->rec->state == UNIX_CONNECTED ?
		peer : NULL;
}

static int make_datagram(struct restore *r, struct made *m, struct failure *f)
{
	struct made *peer = pair_of(r, m);
	bool orphan = m->rec->state == UNIX_ORPHAN;
	struct made scratch = { .path = -1, .peer = -1 };
	int fd, rc = 0;

	if (!m->rec->known) {
		fd = new_socket(m->rec, f);
		m->ready = m->rec->state == UNIX_ALONE;
		return fd < 0 ? -1 : made_take(r, m, fd, f);
	}
	if (make_pair(r, m, peer, f) < 0)
		return -1;
	if (!peer && !orphan) {		/* it has found another one since */
		close(m->peer);
		m->peer = -1;
		m->ready = m->rec->state == UNIX_ALONE;
	}
	if (!peer && orphan && m->rec->peer_name.len)
		rc = unix_scratch_bind(r, m->peer, &m->rec->peer_name, &scratch,
				       f);
	made_forget(&scratch);
	return rc;
}

/* A peer that has gone, or is not here. */
static int connect_to_nobody(struct restore *r, struct made *m,
			     struct failure *f)
{
	struct made scratch = { .path = -1, .peer = -1 };
	const struct blob *name = &m->rec->peer_name;
	int sock, rc;

	if (!name->len)
		return 0;
	sock = new_socket(m->rec, f);
	if (sock < 0)
		return -1;
	rc = unix_scratch_bind(r, sock, name, &scratch, f);
	if (rc == 0)
		rc = connect_as(r, m->rec, m->fd, scratch.path, name, f);
	m->peer = sock;
	made_forget(&scratch);
	return rc;
}

static int connect_outside(struct restore *r, struct made *m, struct failure *f)
{
	struct rec_unix who = holder(r, m->id);
	struct failure mine = { 0 };

	if (connect_as(r, &who, m->fd, -1, &m->rec->peer_name, &mine) == 0)
		return 0;
	if (m->rec->type != SOCK_DGRAM) {
		*f = mine;
		return -1;
	}
	warning_add(r, "%s: a socket stays without its peer", mine.text);
	return connect_to_nobody(r, m, f);
}

int unix_connect_to(struct restore *r, struct made *from, struct made *to,
		    struct failure *f)
{
	switch (from->rec->state) {
	case UNIX_CONNECTED:
		return connect_as(r, from->rec, from->fd, to->path,
				  &to->rec->name, f);
	case UNIX_ORPHAN:
		return connect_to_nobody(r, from, f);
	case UNIX_OUTSIDE:
		return connect_outside(r, from, f);
	}
	return 0;
}

/* ---- all of them ---- */

/* Those that stand for themselves, with their names: before anybody asks. */
static int make_single(struct restore *r, struct made *m, struct failure *f)
{
	bool end = m->rec->type != SOCK_DGRAM &&
		(m->rec->state == UNIX_CONNECTED || m->rec->state == UNIX_ORPHAN);
	int fd;

	if (end || m->fd >= 0)
		return 0;
	if (m->rec->type == SOCK_DGRAM)
		return make_datagram(r, m, f);
	fd = new_socket(m->rec, f);
	return fd < 0 ? -1 : made_take(r, m, fd, f);
}

static int make_end(struct restore *r, struct made *m, struct failure *f)
{
	if (m->rec->type == SOCK_DGRAM || m->ready)
		return 0;
	switch (m->rec->state) {
	case UNIX_CONNECTED:
		return make_connected(r, m, f);
	case UNIX_ORPHAN:
		return make_orphan(r, m, f);
	case UNIX_OUTSIDE:
		return connect_outside(r, m, f);
	}
	return 0;
}

static int make_waiting(struct restore *r, struct made *m, struct failure *f)
{
	list_each(&m->rec->waiting, uint64_t, id)
		if (wait_for_accept(r, m, *id, f) < 0)
			return -1;
	return 0;
}

typedef int (*step)(struct restore *, struct made *, struct failure *);

static int each(struct restore *r, step do_it, struct failure *f)
{
	list_each(&r->unix_made, struct made, m)
		if (do_it(r, m, f) < 0)
			return -1;
	return 0;
}

static int bind_single(struct restore *r, struct made *m, struct failure *f)
{
	return m->fd < 0 ? 0 : bind_made(r, m, m->fd, f);
}

int unix_make_all(struct restore *r, struct failure *f)
{
	list_all(r);
	if (each(r, make_single, f) < 0 || each(r, bind_single, f) < 0 ||
	    each(r, make_end, f) < 0)
		return -1;
	return each(r, make_waiting, f);
}

/* ---- when all is filled ---- */

/* Going with something unread, a peer leaves an error behind. */
static void end_peer(struct made *m)
{
	if (m->peer < 0)
		return;
	if (m->rec->reset)
		send(m->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(m->peer);
	m->peer = -1;
}

static void finish_file(struct restore *r, struct made *m)
{
	const struct rec_unix *u = m->rec;
	char path[64];

	if (m->placed && m->path >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", m->path);
		if (fchownat(m->path, "", u->uid, u->gid, AT_EMPTY_PATH) < 0 ||
		    chmod(path, u->mode & 07777) < 0)
			warning_add(r, "a socket's file could not be given its "
				    "owner and mode (%s)", strerror(errno));
	}
	if (m->path >= 0)
		close(m->path);
	m->path = -1;
}

static int finish(struct restore *r, struct made *m, struct failure *f)
{
	static const char what[] = "a UNIX domain socket";
	const struct rec_unix *u = m->rec;

	end_peer(m);
	if (u->state == UNIX_LISTENING &&
	    listen_as(r, u, m->fd, u->backlog, f) < 0)
		return -1;
	if (u->shutdown && u->state != UNIX_OUTSIDE)
		shutdown(m->fd, u->shutdown - 1);
	finish_file(r, m);
	socket_usual_room(m->fd, &u->options);
	if (socket_set(r, m->fd, &u->options, what, f) < 0)
		return -1;
	socket_own(r, m->fd, &u->owner, what);
	fcntl(m->fd, F_SETFL, u->flags & O_NONBLOCK);
	return 0;
}

int unix_finish_all(struct restore *r, struct failure *f)
{
	list_each(&r->unix_passing, struct made, m) {
		close(m->fd);
		m->fd = -1;
		finish_file(r, m);
	}
	return each(r, finish, f);
}

/* What was moved aside is put back, or goes for good. */
static void end_file(const struct restore *r, struct made *m, bool worked)
{
	char *path = m->placed || m->kept ? unix_path(r, m->rec) : NULL;

	if (!worked && m->kept)
		rename(m->kept, path);
	else if (!worked && m->placed)
		unlink(path);
	if (worked && m->kept)
		unlink(m->kept);
	free(m->kept);
	free(path);
	made_forget(m);
}

void unix_end(struct restore *r, bool worked)
{
	list_each(&r->unix_made, struct made, m)
		end_file(r, m, worked);
	list_each(&r->unix_passing, struct made, m) {
		if (m->fd >= 0)
			close(m->fd);
		end_file(r, m, worked);
	}
	list_free(&r->unix_made);
	list_free(&r->unix_passing);
}
