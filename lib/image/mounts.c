/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - mount namespaces that a tree has made, as the capture sees them
 *
 * One is written down by what it has and our own has not.  What is mounted at
 * the same place in both is *kept*: it is simply there in a copy of the
 * restore's own namespace, however that came about.  Another mount is either
 * of a path outside, or of a file system that only the tree has; that is made
 * anew, and one that lives in memory travels with its content.
 *
 * To look below what is mounted over something else, a child of ours makes a
 * copy of the namespace and takes it apart from the top, opening each mount
 * when nothing is over it any more.
 */
#include "image/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "image/capture.h"
#include "image/names.h"
#include "image/pids.h"
#include "proc/mounts.h"

#define MOUNTS_MAX 4096		/* of one namespace */

struct mount_space {
	char *link;		/* owned: mnt:[4026531841] */
	uint64_t id;
	const struct source *s;	/* the first that was met in it */
	int root;		/* its root directory, -1 */
	struct list mounts;	/* of struct proc_mount, parents first */
	int *fds;		/* owned: of each, with nothing over it; -1 */
	struct rec_mount *plan;	/* owned: of each */
	const char **obstacles;	/* owned: of each; why not, NULL */
	uint64_t *pids;		/* owned: of each proc, rec_filesystem.pids */
	struct list gone;	/* of char *, owned: points */
	bool pivoted;
	bool left;		/* as good as ours: it is not rebuilt */
};

/* ---- looking ---- */

/* What the child answers in. */
struct peek {
	int err;
	int text;		/* memfd with its mountinfo */
	int root;
	int fds[MOUNTS_MAX];
};

static void add_below(const struct list *all, struct list *to, int parent,
		      int depth)
{
	list_each(all, struct proc_mount, m) {
		if (m->parent != parent || m->id == parent || depth > 1000)
			continue;
		*(struct proc_mount *)list_add(to, sizeof(*m)) = *m;
		add_below(all, to, m->id, depth + 1);
	}
}

/* Parents first, and what came later after all that is below an earlier one:
 * made in that order, each is where it was. */
static void put_in_order(struct list *all)
{
	struct list sorted = { 0 };

	list_each(all, struct proc_mount, m) {
		bool top = true;

		list_each(all, struct proc_mount, other)
			top = top && (other->id != m->parent || other == m);
		if (!top)
			continue;
		*(struct proc_mount *)list_add(&sorted, sizeof(*m)) = *m;
		add_below(all, &sorted, m->id, 0);
	}
	list_free(all);
	*all = sorted;
}

static int read_mounts(int fd, struct list *to)
{
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	text = read_file(path, NULL);
	if (!text)
		return -1;
	proc_mounts_read(text, to);
	put_in_order(to);
	free(text);
	if (to->n <= MOUNTS_MAX)
		return 0;
	errno = E2BIG;
	return -1;
}

/* In the child; its descriptors are the parent's, too. */
static int take_apart(struct peek *p, int ns)
{
	int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct list mounts = { 0 };
	size_t n;
	char *text;

	if (self < 0 || setns(ns, CLONE_NEWNS) < 0)
		return -1;
	p->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	text = read_file_at(self, "mountinfo", &n);
	close(self);
	p->text = memfd_create("mountinfo", MFD_CLOEXEC);
	if (p->root < 0 || !text || p->text < 0 ||
	    write_full(p->text, text, n) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	proc_mounts_read(text, &mounts);
	put_in_order(&mounts);
	for (size_t i = mounts.n; i-- && mounts.n <= MOUNTS_MAX;) {
		const struct proc_mount *m =
			list_at(&mounts, struct proc_mount, i);

		p->fds[i] = open(m->point, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (i)
			umount2(m->point, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
	return 0;
}

/* Its number is looked at and not kept: a clone, for the descriptors. */
static int peek(struct mount_space *sp, pid_t pid)
{
	struct peek *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[64];
	pid_t child;
	int ns, rc = -1;

	if (p == MAP_FAILED)
		return -1;
	p->text = p->root = -1;
	memset(p->fds, -1, sizeof(p->fds));
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	child = ns < 0 ? -1 :
		syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		if (take_apart(p, ns) < 0)
			p->err = errno;
		_exit(0);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	if (child > 0 && !p->err && read_mounts(p->text, &sp->mounts) == 0)
		rc = 0;
	sp->root = p->root;
	sp->fds = xcalloc(sp->mounts.n + 1, sizeof(int));
	memcpy(sp->fds, p->fds, sp->mounts.n * sizeof(int));
	if (p->text >= 0)
		close(p->text);
	if (ns >= 0)
		close(ns);
	munmap(p, sizeof(*p));
	return rc;
}

/* ---- what is to become of each ---- */

/* What can be made anew, with nothing or with what travels in it. */
bool mounts_makes(const char *type)
{
	static const char *const types[] = {
		"tmpfs", "ramfs", "proc", "sysfs", "devpts", "mqueue",
		"devtmpfs", "overlay", "cgroup", "cgroup2", "debugfs",
		"tracefs", "securityfs", "configfs", "bpf", "hugetlbfs",
		"binfmt_misc", "fusectl", "pstore", "efivarfs",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static bool has_content(const char *type)
{
	return !strcmp(type, "tmpfs") || !strcmp(type, "ramfs");
}

/* What of @path is below @dir: "", "/rest"; NULL it is not. */
static const char *below(const char *path, const char *dir)
{
	size_t n = strcmp(dir, "/") ? strlen(dir) : 0;

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/') ?
		path + n : NULL;
}

static bool leads_to(const char *path, int fd)
{
	struct stat here, there;

	return fd >= 0 && lstat(path, &here) == 0 && fstat(fd, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* The path outside that leads to the root of mount @m; owned, NULL. */
static char *outer_path(const struct list *outer, const struct proc_mount *m,
			int fd)
{
	list_each(outer, struct proc_mount, o) {
		const char *rest = o->dev == m->dev ? below(m->root, o->root) :
				   NULL;
		char *path;

		if (!rest)
			continue;
		path = xasprintf("%s%s", strcmp(o->point, "/") ? o->point : "",
				 strcmp(rest, "/") ? rest : "");
		if (!*path) {
			free(path);
			path = xstrdup("/");
		}
		/* Who serves it may be stopped: it is not asked. */
		if (!strncmp(m->type, "fuse", 4) || leads_to(path, fd))
			return path;
		free(path);
	}
	return NULL;
}

/* Of ours, that which is at the same place in the same one. */
static const struct proc_mount *same_outside(const struct list *outer,
					     const struct proc_mount *m,
					     int parent)
{
	list_each(outer, struct proc_mount, o)
		if (o->dev == m->dev && !strcmp(o->root, m->root) &&
		    !strcmp(o->point, m->point) &&
		    (!strcmp(m->point, "/") || o->parent == parent))
			return o;
	return NULL;
}

static void share(struct rec_mount *to, const struct proc_mount *m,
		  const struct proc_mount *o)
{
	to->group = m->shared;
	to->master = m->master;
	if (m->unbindable)
		to->sharing = SHARING_UNBINDABLE;
	else if (m->shared)
		to->sharing = o && o->shared == m->shared ? SHARING_PEER :
			      SHARING_OWN;
	else if (m->master)
		to->sharing = SHARING_SLAVE;
}

static void plan_other(struct mount_space *sp, size_t i,
		       const struct list *outer)
{
	const struct proc_mount *m = list_at(&sp->mounts, struct proc_mount, i);
	struct rec_mount *to = &sp->plan[i];
	size_t n = strlen(m->point);

	if (n > 9 && !strcmp(m->point + n - 9, "//deleted"))
		sp->obstacles[i] = "on a directory that has been deleted";
	/* A proc is not taken from outside, where it may come to show other
	 * processes; a part of it, as /proc/sys, shows none. */
	if (strcmp(m->type, "proc") || m->root[1])
		to->source = outer_path(outer, m, sp->fds[i]);
	to->kind = to->source ? MOUNT_OUTER : MOUNT_INNER;
	if (to->kind == MOUNT_INNER && !mounts_makes(m->type))
		sp->obstacles[i] = "";
	else if (to->kind == MOUNT_INNER && sp->fds[i] < 0)
		sp->obstacles[i] = "which cannot be reached";
	share(to, m, NULL);
}

static void plan_all(struct mount_space *sp, const struct list *outer)
{
	const struct proc_mount **twin = xcalloc(sp->mounts.n + 1,
						 sizeof(*twin));
	const struct proc_mount *all = sp->mounts.items;

	for (size_t i = 0; i < sp->mounts.n; i++) {
		struct rec_mount *to = &sp->plan[i];
		size_t up = i;

		while (up && all[--up].id != all[i].parent)
			;
		twin[i] = i && !twin[up] ? NULL :
			same_outside(outer, &all[i], i ? twin[up]->id : 0);
		to->flags = all[i].flags;
		if (!twin[i]) {
			plan_other(sp, i, outer);
			continue;
		}
		to->kind = MOUNT_KEPT;
		to->changed = twin[i]->flags != all[i].flags;
		share(to, &all[i], twin[i]);
	}
	sp->pivoted = !sp->mounts.n || !twin[0];
	for (size_t i = outer->n; i-- && !sp->pivoted;) {
		const struct proc_mount *o =
			list_at(outer, struct proc_mount, i);
		bool known = false;

		for (size_t j = 0; j < sp->mounts.n; j++)
			known |= twin[j] == o;
		if (!known)
			*(char **)list_add(&sp->gone, sizeof(char *)) =
				xstrdup(o->point);
	}
	free(twin);
}

/* Does a proc show the PID namespace @ns, in which somebody we may look at has
 * number @pid?  Its init may be one that we may not. */
static bool shows(int fd, pid_t pid, const char *ns)
{
	char path[32], link[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/ns/pid", pid);
	n = fd < 0 ? -1 : readlinkat(fd, path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	return ns && !strcmp(link, ns);
}

/* A restore that had to give a tree other PIDs has made it such a one: nothing
 * but a proc of its own. */
static bool may_be_left(const struct capture *c, const struct mount_space *sp)
{
	char *theirs = proc_link(sp->s->via, "ns/pid");
	char *ours = proc_link(getpid(), "ns/pid");
	bool left = !sp->pivoted && !sp->gone.n && theirs && ours &&
		    strcmp(theirs, ours) && !pids_depth(c, sp->s);

	for (size_t i = 0; i < sp->mounts.n && left; i++) {
		const struct proc_mount *m =
			list_at(&sp->mounts, struct proc_mount, i);

		if (sp->plan[i].kind == MOUNT_KEPT)
			left = !sp->plan[i].changed;
		else
			left = !strcmp(m->point, "/proc") &&
			       !strcmp(m->type, "proc") &&
			       shows(sp->fds[i], proc_inner_id(&sp->s->status,
							      sp->s->pid),
				     theirs);
	}
	free(theirs);
	free(ours);
	return left;
}

/* Is it a part of something that is mounted as a whole, too? */
static bool has_whole(const struct mount_space *sp, const struct proc_mount *m)
{
	list_each(&sp->mounts, struct proc_mount, other)
		if (m->root[1] && other->dev == m->dev && !other->root[1])
			return true;
	return false;
}

/* Whose processes a proc shows: of the tree, or of our own namespace, which is
 * the same to it, as the tree has none above. */
static void check_pids(struct capture *c, struct mount_space *sp, size_t i)
{
	char *ours = proc_link(getpid(), "ns/pid");
	bool known = shows(sp->fds[i], getpid(), ours);

	list_each(&c->sources, struct source, s) {
		char *theirs = known || s->zombie ? NULL :
			proc_link(s->via, "ns/pid");
		int depth = pids_depth(c, s);

		if (theirs && shows(sp->fds[i],
				    proc_inner_id(&s->status, s->pid), theirs)) {
			known = true;
			sp->pids[i] = depth ? s->spaces[depth - 1] : 0;
		}
		free(theirs);
	}
	if (!known)
		sp->obstacles[i] = "which shows processes of another PID "
				   "namespace";
	free(ours);
}

static void check_layers(struct mount_space *sp);

static struct mount_space *space_new(struct capture *c, const struct source *s,
				     char *link)
{
	struct mount_space *sp = xcalloc(1, sizeof(*sp));
	struct list outer = { 0 };

	*(struct mount_space **)list_add(&c->spaces, sizeof(sp)) = sp;
	sp->link = link;
	sp->id = c->spaces.n;
	sp->s = s;
	if (peek(sp, s->via) < 0 ||
	    proc_mounts("/proc/self/mountinfo", &outer) < 0) {
		sp->left = true;	/* whatever is another file is told */
		return sp;
	}
	put_in_order(&outer);
	sp->plan = xcalloc(sp->mounts.n + 1, sizeof(*sp->plan));
	sp->obstacles = xcalloc(sp->mounts.n + 1, sizeof(*sp->obstacles));
	plan_all(sp, &outer);
	sp->left = may_be_left(c, sp);
	sp->pids = xcalloc(sp->mounts.n + 1, sizeof(*sp->pids));
	check_layers(sp);
	proc_mounts_free(&outer);
	return sp;
}

void mounts_look(struct capture *c, struct source *s)
{
	static char *ours;
	char *theirs = geteuid() ? NULL : proc_link(s->via, "ns/mnt");
	struct mount_space *found = NULL;

	if (!ours)
		ours = proc_link(getpid(), "ns/mnt");
	s->space = NULL;
	if (!theirs || !ours || !strcmp(theirs, ours)) {
		free(theirs);
		return;
	}
	list_each(&c->spaces, struct mount_space *, sp)
		if (!strcmp((*sp)->link, theirs))
			found = *sp;
	if (found)
		free(theirs);
	else
		found = space_new(c, s, theirs);
	s->space = found->left ? NULL : found;
}

void mounts_forget(struct capture *c)
{
	list_each(&c->spaces, struct mount_space *, it) {
		struct mount_space *sp = *it;

		for (size_t i = 0; i < sp->mounts.n; i++) {
			if (sp->fds[i] >= 0)
				close(sp->fds[i]);
			if (sp->plan)
				free(sp->plan[i].source);
		}
		if (sp->root >= 0)
			close(sp->root);
		list_each(&sp->gone, char *, point)
			free(*point);
		list_free(&sp->gone);
		proc_mounts_free(&sp->mounts);
		free(sp->fds);
		free(sp->plan);
		free(sp->obstacles);
		free(sp->pids);
		free(sp->link);
		free(sp);
	}
	list_free(&c->spaces);
	list_each(&c->sources, struct source, s)
		s->space = NULL;
}

/* ---- paths ---- */

struct mount_space *mounts_of_id(const struct capture *c, int mount)
{
	list_each(&c->spaces, struct mount_space *, sp)
		list_each(&(*sp)->mounts, struct proc_mount, m)
			if (!(*sp)->left && m->id == mount)
				return *sp;
	return NULL;
}

struct mount_space *mounts_of(const struct capture *c, const char *magic)
{
	struct statx st;

	if (!c->spaces.n ||
	    statx(AT_FDCWD, magic, 0, STATX_MNT_ID, &st) < 0 ||
	    !(st.stx_mask & STATX_MNT_ID))
		return NULL;
	return mounts_of_id(c, st.stx_mnt_id);
}

struct mount_space *mounts_with_id(const struct capture *c, uint64_t id)
{
	list_each(&c->spaces, struct mount_space *, sp)
		if ((*sp)->id == id && !(*sp)->left)
			return *sp;
	return NULL;
}

uint64_t mounts_id(const struct mount_space *sp)
{
	return sp ? sp->id : 0;
}

char *mounts_path(const struct mount_space *sp, const char *path)
{
	return sp && path[0] == '/' ?
		xasprintf("/proc/self/fd/%d%s", sp->root, path) : xstrdup(path);
}

char *mounts_other_name(const struct mount_space *sp, const char *path,
			const struct stat *st)
{
	char *there = mounts_path(sp, path), *found = name_other(there, st);
	size_t cut = strlen(there) - strlen(path);

	free(there);
	if (found && strlen(found) < cut) {
		free(found);
		return NULL;
	}
	if (found)
		memmove(found, found + cut, strlen(found + cut) + 1);
	return found;
}

bool mounts_kept(const struct mount_space *sp, const char *path)
{
	bool kept = !sp;

	for (size_t i = 0; sp && i < sp->mounts.n; i++)
		if (below(path, list_at(&sp->mounts, struct proc_mount,
					i)->point))
			kept = sp->plan[i].kind == MOUNT_KEPT;
	return kept;
}

bool mounts_carried(const struct mount_space *sp, const char *path)
{
	bool carried = false;

	for (size_t i = 0; sp && i < sp->mounts.n; i++) {
		const struct proc_mount *m =
			list_at(&sp->mounts, struct proc_mount, i);

		if (below(path, m->point))
			carried = sp->plan[i].kind == MOUNT_INNER &&
				  has_content(m->type);
	}
	return carried;
}

/* ---- what cannot be moved ---- */

char *mounts_layer(char **rest)
{
	char *start = *rest, *to = start, *at = start;

	if (!at)
		return NULL;
	for (; *at && *at != ':'; at++) {
		if (*at == '\\' && at[1])
			at++;
		*to++ = *at;
	}
	*rest = *at ? at + 1 : NULL;
	*to = '\0';
	return start;
}

static bool layers_here(const char *options)
{
	static const char *const keys[] = { "lowerdir=", "lowerdir+=",
		"datadir+=", "upperdir=", "workdir=" };
	char *copy = xstrdup(options), *rest = copy, *word, *layer;
	bool here = true;

	while ((word = strsep(&rest, ",")))
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
			size_t n = strlen(keys[i]);
			char *layers = word + n;

			if (strncmp(word, keys[i], n))
				continue;
			while ((layer = mounts_layer(&layers)))
				here = here && (!*layer || (layer[0] == '/' &&
						access(layer, F_OK) == 0));
		}
	free(copy);
	return here;
}

static void check_layers(struct mount_space *sp)
{
	for (size_t i = 0; i < sp->mounts.n; i++) {
		const struct proc_mount *m =
			list_at(&sp->mounts, struct proc_mount, i);

		if (sp->plan[i].kind == MOUNT_INNER &&
		    !strcmp(m->type, "overlay") && !layers_here(m->options))
			sp->obstacles[i] = "which has a layer that no path "
					   "leads to from here";
	}
}

static void check_space(struct capture *c, struct mount_space *sp,
			const struct source *s)
{
	for (size_t i = 0; i < sp->mounts.n; i++) {
		const struct proc_mount *m =
			list_at(&sp->mounts, struct proc_mount, i);

		if (sp->plan[i].kind == MOUNT_INNER &&
		    !strcmp(m->type, "proc") && !has_whole(sp, m))
			check_pids(c, sp, i);
	}
	for (size_t i = 0; i < sp->mounts.n; i++) {
		const struct proc_mount *m =
			list_at(&sp->mounts, struct proc_mount, i);
		const char *why = sp->obstacles[i];

		if (!why)
			continue;
		obstacle_add(c, s, *why ? "unmount it" : "mount it outside of "
			     "the namespace, too, here and there, or unmount "
			     "it", "has %s mounted on %s (%s)%s%s in a mount "
			     "namespace of its own", m->source, m->point,
			     m->type, *why ? ", " : "", why);
	}
}

/* What would be looked for in the wrong namespace. */
static void check_kinds(struct capture *c, const struct source *s)
{
	list_each(&s->fds, struct source_fd, fd) {
		const char *link = fd->link;

		if (!strcmp(link, "anon_inode:inotify") ||
		    !strcmp(link, "inotify") ||
		    !strcmp(link, "anon_inode:[fanotify]"))
			obstacle_add(c, s, "let it end, or run the capture "
				     "inside (nsenter)", "watches files in a "
				     "mount namespace of its own (descriptor "
				     "%d)", fd->fd);
		if (S_ISCHR(fd->st.st_mode) &&
		    mounts_of_id(c, fd->info.mnt_id)) {
			const struct mount_space *sp =
				mounts_of_id(c, fd->info.mnt_id);
			const struct proc_mount *m = sp->mounts.items;
			size_t i = 0;

			while (i < sp->mounts.n && m[i].id != fd->info.mnt_id)
				i++;
			if (i < sp->mounts.n && !strcmp(m[i].type, "devpts") &&
			    sp->plan[i].kind == MOUNT_INNER)
				obstacle_add(c, s, "let it close that", "has a "
					     "terminal open (%s, descriptor %d) "
					     "of a devpts in a mount namespace "
					     "of its own", fd->link, fd->fd);
		}
	}
}

static void check_place(struct capture *c, const struct source *s,
			const char *name, const char *what)
{
	char magic[64];

	snprintf(magic, sizeof(magic), "/proc/%d/%s", s->via, name);
	if (access(magic, F_OK) == 0 && mounts_of(c, magic) != s->space)
		obstacle_add(c, s, NULL, "has a %s that is not in its mount "
			     "namespace", what);
}

static int check(struct capture *c, struct source *s, struct failure *f)
{
	(void)f;
	if (s->zombie || !s->space)
		return 0;
	if (s->space->s == s)
		check_space(c, s->space, s);
	check_kinds(c, s);
	check_place(c, s, "cwd/.", "working directory");
	check_place(c, s, "root/.", "root directory");
	return 0;
}

/* ---- capture ---- */

static const struct field mount_fields[] = {
	FIELD(struct rec_mount, kind, FIELD_UINT),
	FIELD(struct rec_mount, root, FIELD_TEXT),
	FIELD(struct rec_mount, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_mount, group, FIELD_UINT),
	FIELD(struct rec_mount, point, FIELD_TEXT),
	FIELD(struct rec_mount, master, FIELD_UINT),
	FIELD(struct rec_mount, source, FIELD_TEXT),
	FIELD(struct rec_mount, changed, FIELD_BOOL),
	FIELD(struct rec_mount, sharing, FIELD_UINT),
	FIELD(struct rec_mount, filesystem, FIELD_UINT),
};
static const struct schema mount_schema =
	SCHEMA("mount", struct rec_mount, mount_fields);

static const struct field fields[] = {
	FIELD(struct rec_mounts, mounts, FIELD_STRUCTS, .max = MOUNTS_MAX * 2,
	      .sub = &mount_schema),
	FIELD(struct rec_mounts, pivoted, FIELD_BOOL),
};
static const struct schema schema =
	SCHEMA("mount namespace", struct rec_mounts, fields);

static const struct field filesystem_fields[] = {
	FIELD(struct rec_filesystem, pids, FIELD_UINT),
	FIELD(struct rec_filesystem, type, FIELD_TEXT, .max = 64),
	FIELD(struct rec_filesystem, source, FIELD_TEXT, .max = 4096),
	FIELD(struct rec_filesystem, options, FIELD_TEXT),
	FIELD(struct rec_filesystem, readonly, FIELD_BOOL),
};
static const struct schema filesystem_schema =
	SCHEMA("file system", struct rec_filesystem, filesystem_fields);

/* Of which a record has been made. */
struct seen_filesystem {
	uint64_t dev;
	struct list roots;	/* of const char *: whose content it has */
};

static bool has_root(const struct seen_filesystem *fs, const char *root)
{
	list_each(&fs->roots, const char *, known)
		if (below(root, *known))
			return true;
	return false;
}

/* The shortest roots first: they hold the others. */
static int capture_content(struct capture *c, struct mount_space *sp,
			   struct seen_filesystem *fs, uint64_t id,
			   struct failure *f)
{
	for (;;) {
		const struct proc_mount *all = sp->mounts.items;
		size_t best = sp->mounts.n;

		for (size_t i = 0; i < sp->mounts.n; i++)
			if (all[i].dev == fs->dev && !has_root(fs, all[i].root) &&
			    (best == sp->mounts.n || strlen(all[i].root) <
			     strlen(all[best].root)))
				best = i;
		if (best == sp->mounts.n)
			return 0;
		*(const char **)list_add(&fs->roots, sizeof(char *)) =
			all[best].root;
		if (content_capture(c, id, sp->fds[best], all[best].root, f) < 0)
			return -1;
	}
}

static int filesystem_of(struct capture *c, struct list *seen,
			 struct mount_space *sp, size_t i, uint64_t *id,
			 struct failure *f)
{
	const struct proc_mount *m = list_at(&sp->mounts, struct proc_mount, i);
	struct seen_filesystem *fs = NULL;
	struct rec_filesystem *rec;

	for (size_t j = 0; j < seen->n && !fs; j++)
		if (list_at(seen, struct seen_filesystem, j)->dev == m->dev) {
			fs = list_at(seen, struct seen_filesystem, j);
			*id = j + 1;
		}
	if (!fs) {
		fs = list_add(seen, sizeof(*fs));
		fs->dev = m->dev;
		*id = seen->n;
		rec = image_add(&c->image, RECORD_FILESYSTEM, *id);
		rec->type = xstrdup(m->type);
		rec->source = xstrdup(m->source);
		rec->options = xstrdup(m->options);
		rec->readonly = mount_option(m->options, "ro");
	}
	rec = image_find(&c->image, RECORD_FILESYSTEM, *id);
	if (sp->pids[i])
		rec->pids = sp->pids[i];
	return has_content(m->type) ? capture_content(c, sp, fs, *id, f) : 0;
}

static int capture_space(struct capture *c, struct mount_space *sp,
			 struct list *seen, struct failure *f)
{
	struct rec_mounts *rec = image_add(&c->image, RECORD_MOUNTS, sp->id);

	rec->pivoted = sp->pivoted;
	list_each(&sp->gone, char *, point) {
		struct rec_mount *to = list_add(&rec->mounts, sizeof(*to));

		to->kind = MOUNT_GONE;
		to->point = xstrdup(*point);
	}
	for (size_t i = 0; i < sp->mounts.n; i++) {
		const struct proc_mount *m =
			list_at(&sp->mounts, struct proc_mount, i);
		struct rec_mount *to = list_add(&rec->mounts, sizeof(*to));

		*to = sp->plan[i];
		to->point = xstrdup(m->point);
		to->source = to->source ? xstrdup(to->source) : NULL;
		if (to->kind == MOUNT_INNER)
			to->root = xstrdup(m->root);
		if ((to->kind == MOUNT_INNER ||
		     (to->kind == MOUNT_KEPT && !strcmp(m->type, "proc"))) &&
		    filesystem_of(c, seen, sp, i, &to->filesystem, f) < 0)
			return -1;
	}
	return 0;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct list seen = { 0 };
	int rc = 0;

	if (s->parent)
		return 0;
	list_each(&c->spaces, struct mount_space *, sp)
		if (rc == 0 && !(*sp)->left)
			rc = capture_space(c, *sp, &seen, f);
	list_each(&seen, struct seen_filesystem, fs)
		list_free(&fs->roots);
	list_free(&seen);
	return rc;
}

const struct kind kind_filesystem = {
	.type = RECORD_FILESYSTEM, .schema = &filesystem_schema, .unique = true,
};

const struct kind kind_mounts = {
	.type = RECORD_MOUNTS, .schema = &schema, .unique = true,
	.check = check, .capture = capture, .draft = capture,
	.prepare = mounts_prepare,
	.build = mounts_build, .commit = mounts_commit,
};
