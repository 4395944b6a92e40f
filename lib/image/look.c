/* SPDX-License-Identifier: MIT */
/*
 * look.c - look at a process tree, and name what cannot be moved
 *
 * Looking reads /proc and touches nothing.  It is done twice: to name every
 * obstacle before anything is stopped, and again once all is still.  What the
 * kinds of resources do with it is their files' business.
 */
#include "image/look.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "image/mounts.h"
#include "image/pids.h"

#define LOOKS 100	/* 10 ms apart, for what goes away by itself */

/* ---- obstacles ---- */

void obstacle_add(struct capture *c, const struct source *s,
		  const char *remedy, const char *fmt, ...)
{
	struct obstacle *o = list_add(&c->obstacles, sizeof(*o));
	va_list ap;

	o->pid = s->pid;
	o->name = xstrdup(s->status.name);
	o->remedy = remedy ? xstrdup(remedy) : NULL;
	va_start(ap, fmt);
	if (vasprintf(&o->what, fmt, ap) < 0)
		o->what = xstrdup(fmt);
	va_end(ap);
}

void obstacles_clear(struct capture *c)
{
	list_each(&c->obstacles, struct obstacle, o) {
		free(o->name);
		free(o->what);
		free(o->remedy);
	}
	list_free(&c->obstacles);
}

static void refuse_for(const struct obstacle *o, bool one_of_many,
		       struct failure *f)
{
	const char *colon = o->remedy ? ": " : "";
	const char *remedy = o->remedy ? o->remedy : "";

	if (one_of_many)
		fail_item(f, "process %d (%s) %s%s%s", o->pid, o->name, o->what,
			  colon, remedy);
	else
		fail(f, STATUS_OBSTACLE, "process %d (%s) %s%s%s", o->pid,
		     o->name, o->what, colon, remedy);
}

int capture_refuse(const struct capture *c, struct failure *f)
{
	bool many = c->obstacles.n > 1;

	if (many)
		fail(f, STATUS_OBSTACLE, "%zu obstacles:", c->obstacles.n);
	list_each(&c->obstacles, const struct obstacle, o)
		refuse_for(o, many, f);
	return -1;
}

/* ---- looking ---- */

static void fds_free(struct list *fds)
{
	list_each(fds, struct source_fd, d) {
		free(d->link);
		proc_fdinfo_free(&d->info);
	}
	list_free(fds);
}

/* What the look gathered, before another one. */
static void source_forget(struct source *s)
{
	proc_maps_free(&s->maps);
	fds_free(&s->fds);
	proc_status_free(&s->status);
}

static void cut_deleted(const struct source *s, struct source_fd *d)
{
	static const char mark[] = " (deleted)";
	size_t n = strlen(d->link), m = sizeof(mark) - 1;
	struct stat st;
	char *here;
	bool there;

	if (n <= m || strcmp(d->link + n - m, mark))
		return;
	/* A file may bear such a name, too. */
	here = mounts_path(s->space, d->link);
	there = stat(here, &st) == 0 && st.st_ino == d->st.st_ino &&
		st.st_dev == d->st.st_dev;
	free(here);
	if (there)
		return;
	d->link[n - m] = '\0';
	d->deleted = true;
}

static void look_protocol(struct source_fd *d, const char *path)
{
	ssize_t n = getxattr(path, "system.sockprotoname", d->protocol,
			     sizeof(d->protocol) - 1);

	d->protocol[n > 0 ? n : 0] = '\0';
}

#define MQUEUE_MAGIC 0x19800202

/* Their file system has no folders, and all are of one size; the rest need not
 * be asked. */
static bool is_queue(const struct source *s, const struct source_fd *d)
{
	struct statfs fs;
	char path[64];

	if (!S_ISREG(d->st.st_mode) || d->st.st_size != 80 ||
	    strrchr(d->link, '/') != d->link)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->via, d->fd);
	return statfs(path, &fs) == 0 && fs.f_type == MQUEUE_MAGIC;
}

/* A descriptor that is closed while we look is no failure: 0 then. */
static int look_fd(struct source *s, const struct proc_fd_dirs *dirs, int fd)
{
	struct source_fd *d = list_add(&s->fds, sizeof(*d));
	char name[64];

	d->fd = fd;
	d->link = proc_fd_link(dirs, fd);
	if (!d->link || proc_fd_info(dirs, fd, &d->info) < 0 ||
	    proc_fd_stat(dirs, fd, &d->st) < 0)
		goto gone;
	if (S_ISSOCK(d->st.st_mode)) {
		snprintf(name, sizeof(name), "/proc/%d/fd/%d", s->via, fd);
		look_protocol(d, name);
	}
	d->queue = is_queue(s, d);
	cut_deleted(s, d);
	return 0;
gone:
	free(d->link);
	proc_fdinfo_free(&d->info);
	s->fds.n--;
	return errno == ENOENT ? 0 : -1;
}

int source_look_fd(struct source *s, int fd)
{
	struct proc_fd_dirs dirs;
	int rc;

	if (proc_fd_open(s->via, &dirs) < 0)
		return -1;
	rc = look_fd(s, &dirs, fd);
	proc_fd_close(&dirs);
	return rc;
}

bool capture_drops(const struct capture *c, int fd)
{
	list_each(&c->drop, int, d)
		if (*d == fd)
			return true;
	return false;
}

int source_look_fds(const struct capture *c, struct source *s)
{
	struct proc_fd_dirs dirs;
	struct list fds = { 0 };
	int rc = proc_fds(s->via, &fds);

	if (rc < 0 || proc_fd_open(s->via, &dirs) < 0) {
		list_free(&fds);
		return -1;
	}
	list_each(&fds, int, fd)
		if (rc == 0 && !capture_drops(c, *fd))
			rc = look_fd(s, &dirs, *fd);
	proc_fd_close(&dirs);
	list_free(&fds);
	return rc;
}

bool is_zombie(char state)
{
	return state == 'Z' || state == 'X';
}

/* The main thread may have ended while others go on: that is no zombie.  The
 * first thread that lives; 0 none. */
static pid_t living_thread(const struct source *s)
{
	struct list tids = { 0 };
	struct proc_stat st;
	pid_t found = 0;

	if (!is_zombie(s->stat.state))
		return s->pid;
	if (proc_threads(s->pid, &tids) == 0)
		list_each(&tids, pid_t, tid)
			if (!found && proc_stat(s->pid, *tid, &st) == 0 &&
			    !is_zombie(st.state))
				found = *tid;
	list_free(&tids);
	return found;
}

int look_failed(const struct source *s, struct failure *f)
{
	if (errno == ESRCH || errno == ENOENT)
		return fail(f, STATUS_NOPROC, "there is no process %d (any more)",
			    s->pid);
	if (errno == EACCES || errno == EPERM)
		return fail(f, STATUS_PERM, "cannot look at process %d: %s: it "
			    "is another user's, or not dumpable: capture it as "
			    "root (CAP_SYS_PTRACE)", s->pid, strerror(errno));
	return fail_errno(f, 0, "cannot look at process %d", s->pid);
}

static int try_look(struct capture *c, struct source *s,
		    struct failure *f)
{
	source_forget(s);
	if (proc_stat(s->pid, s->pid, &s->stat) < 0 ||
	    proc_status(s->pid, s->pid, &s->status) < 0)
		return look_failed(s, f);
	pids_look(c, s);
	s->via = living_thread(s);
	s->zombie = !s->via;
	if (s->zombie)
		return 0;
	if (s->status.kernel_thread)
		return fail(f, STATUS_OBSTACLE,
			    "process %d (%s) is a thread of the kernel",
			    s->pid, s->status.name);
	mounts_look(c, s);
	if (proc_maps(s->via, c->frozen || !c->quick_look, &s->maps) < 0 ||
	    source_look_fds(c, s) < 0)
		return look_failed(s, f);
	if (!s->maps.n)		/* it is just ending, or not ours to see */
		return fail(f, STATUS_NOPROC, "process %d is ending", s->pid);
	return 0;
}

/* In the middle of execve(2) a process is nobody's to look at but root's. */
#define EXEC_MS	20

static int source_look(struct capture *c, struct source *s,
		       struct failure *f)
{
	for (int ms = 0;; ms++) {
		struct failure mine = { 0 };

		if (try_look(c, s, &mine) == 0)
			return 0;
		if (mine.status != STATUS_PERM || ms == EXEC_MS) {
			*f = mine;
			return -1;
		}
		usleep(1000);
	}
}

static struct source *source_add(struct capture *c, pid_t pid, pid_t parent)
{
	struct source *s = list_add(&c->sources, sizeof(*s));

	s->pid = pid;
	s->parent = parent;
	s->pagemap = -1;
	s->strings.mem = -1;
	return s;
}

struct source *find_source(const struct capture *c, pid_t pid)
{
	list_each(&c->sources, struct source, s)
		if (s->pid == pid)
			return s;
	return NULL;
}

/* Parents first.  A process that ends meanwhile is simply not met again. */
bool walk_tree(struct capture *c, pid_t root)
{
	struct list kids = { 0 };
	bool grew = false;

	if (!find_source(c, root)) {
		source_add(c, root, 0);
		grew = true;
	}
	for (size_t i = 0; i < c->sources.n; i++) {
		pid_t pid = list_at(&c->sources, struct source, i)->pid;

		if (proc_children(pid, &kids) < 0)
			continue;
		list_each(&kids, pid_t, kid) {
			if (find_source(c, *kid))
				continue;
			source_add(c, *kid, pid);
			grew = true;
		}
		list_free(&kids);
	}
	return grew;
}

static void source_free(struct source *s)
{
	source_forget(s);
	list_each(&s->tasks, struct source_task, t) {
		proc_status_free(&t->status);
		list_free(&t->t.late);
		batch_free(&t->asked);
	}
	list_free(&s->tasks);
	strings_close(&s->strings);
	if (s->pagemap >= 0)
		close(s->pagemap);
}

void source_drop(struct capture *c, size_t i)
{
	struct source *s = c->sources.items;

	source_free(&s[i]);
	memmove(&s[i], &s[i + 1], (c->sources.n - i - 1) * sizeof(*s));
	c->sources.n--;
}

/* Looks at every process of the list; those that have gone are dropped. */
int look_all(struct capture *c, struct failure *f)
{
	c->pipes_known = false;
	mounts_forget(c);
	for (size_t i = 0; i < c->sources.n; i++) {
		struct source *s = list_at(&c->sources, struct source, i);
		struct failure mine = { 0 };

		if (source_look(c, s, &mine) == 0)
			continue;
		if (i == 0 || mine.status != STATUS_NOPROC || c->frozen) {
			*f = mine;
			return -1;
		}
		source_drop(c, i--);
	}
	return 0;
}

int check_all(struct capture *c, struct failure *f)
{
	for (size_t row = 0; kinds[row]; row++) {
		if (!kinds[row]->check)
			continue;
		list_each(&c->sources, struct source, s)
			if (kinds[row]->check(c, s, f) < 0)
				return -1;
	}
	return 0;
}

void forget_tree(struct capture *c)
{
	list_each(&c->sources, struct source, s)
		source_free(s);
	list_free(&c->sources);
	mounts_forget(c);
	unix_forget(c);
	obstacles_clear(c);
	c->passing = false;
}

static bool has_obstacle(const struct list *l, const struct obstacle *o)
{
	list_each(l, struct obstacle, other)
		if (other->pid == o->pid && !strcmp(other->what, o->what))
			return true;
	return false;
}

static void obstacle_drop(struct list *l, size_t i)
{
	struct obstacle *o = list_at(l, struct obstacle, i);

	free(o->name);
	free(o->what);
	free(o->remedy);
	memmove(o, o + 1, (l->n - i - 1) * sizeof(*o));
	l->n--;
}

/* Of @l only what is in c->obstacles, too. */
static void keep_lasting(const struct capture *c, struct list *l)
{
	for (size_t i = l->n; i--;)
		if (!has_obstacle(&c->obstacles,
				  list_at(l, struct obstacle, i)))
			obstacle_drop(l, i);
}

static int look_once(struct capture *c, struct failure *f)
{
	forget_tree(c);
	walk_tree(c, c->root);
	return look_all(c, f) < 0 || namespaces_enter(c, f) < 0 ||
	       check_all(c, f) < 0 ? -1 : 0;
}

/*
 * What is seen in a running tree may be over in a moment: a pipe to a child
 * that had just ended, a vfork().  An obstacle is what every look meets; what
 * only some do is left to the look that is taken once all is frozen.
 */
int capture_look(struct capture *c, pid_t root, struct failure *f)
{
	struct list lasting;

	c->root = root;
	c->next_open = c->next_creds = 1;
	c->next_object = OBJECT_FIRST;
	if (look_once(c, f) < 0)
		return -1;
	lasting = c->obstacles;
	c->obstacles = (struct list){ 0 };
	for (int i = 0; lasting.n && i < (c->passing ? LOOKS : 3); i++) {
		usleep(10000);
		if (look_once(c, f) < 0)
			break;
		keep_lasting(c, &lasting);
	}
	obstacles_clear(c);
	c->obstacles = lasting;
	return f->status ? -1 : 0;
}
