/* SPDX-License-Identifier: MIT */
/*
 * capture.c - look at a process tree, stop it, record it, let it go
 *
 * Looking reads /proc and touches nothing.  It is done twice: to name every
 * obstacle before anything is stopped, and again once all is still.  What the
 * kinds of resources do with it is their files' business.
 */
#include "image/capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "image/guard.h"
#include "image/thread.h"
#include "image/wait.h"

#define PATIENCE 2000	/* half milliseconds, for vfork() to be over */
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

static void obstacles_clear(struct capture *c)
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

static void cut_deleted(struct source_fd *d)
{
	static const char mark[] = " (deleted)";
	size_t n = strlen(d->link), m = sizeof(mark) - 1;
	struct stat st;

	if (n <= m || strcmp(d->link + n - m, mark))
		return;
	/* A file may bear such a name, too. */
	if (stat(d->link, &st) == 0 && st.st_ino == d->st.st_ino &&
	    st.st_dev == d->st.st_dev)
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
	cut_deleted(d);
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

static bool is_dropped(const struct capture *c, int fd)
{
	list_each(&c->drop, int, d)
		if (*d == fd)
			return true;
	return false;
}

static int look_fds(const struct capture *c, struct source *s)
{
	struct proc_fd_dirs dirs;
	struct list fds = { 0 };
	int rc = proc_fds(s->via, &fds);

	if (rc < 0 || proc_fd_open(s->via, &dirs) < 0) {
		list_free(&fds);
		return -1;
	}
	list_each(&fds, int, fd)
		if (rc == 0 && !is_dropped(c, *fd))
			rc = look_fd(s, &dirs, *fd);
	proc_fd_close(&dirs);
	list_free(&fds);
	return rc;
}

static bool is_zombie(char state)
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

static int look_failed(const struct source *s, struct failure *f)
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

static int source_look(const struct capture *c, struct source *s,
		       struct failure *f)
{
	source_forget(s);
	if (proc_stat(s->pid, s->pid, &s->stat) < 0 ||
	    proc_status(s->pid, s->pid, &s->status) < 0)
		return look_failed(s, f);
	s->id = s->status.nspid_n ? s->status.nspid[s->status.nspid_n - 1] :
		s->pid;
	s->via = living_thread(s);
	s->zombie = !s->via;
	if (s->zombie)
		return 0;
	if (s->status.kernel_thread)
		return fail(f, STATUS_OBSTACLE,
			    "process %d (%s) is a thread of the kernel",
			    s->pid, s->status.name);
	if (proc_maps(s->via, true, &s->maps) < 0 || look_fds(c, s) < 0)
		return look_failed(s, f);
	if (!s->maps.n)		/* it is just ending, or not ours to see */
		return fail(f, STATUS_NOPROC, "process %d is ending", s->pid);
	return 0;
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

static struct source *find_source(const struct capture *c, pid_t pid)
{
	list_each(&c->sources, struct source, s)
		if (s->pid == pid)
			return s;
	return NULL;
}

/* Parents first.  A process that ends meanwhile is simply not met again. */
static bool walk_tree(struct capture *c, pid_t root)
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

static void source_drop(struct capture *c, size_t i)
{
	struct source *s = c->sources.items;

	source_free(&s[i]);
	memmove(&s[i], &s[i + 1], (c->sources.n - i - 1) * sizeof(*s));
	c->sources.n--;
}

/* Looks at every process of the list; those that have gone are dropped. */
static int look_all(struct capture *c, struct failure *f)
{
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

static int check_all(struct capture *c, struct failure *f)
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

static void forget_tree(struct capture *c)
{
	list_each(&c->sources, struct source, s)
		source_free(s);
	list_free(&c->sources);
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
	return look_all(c, f) < 0 || check_all(c, f) < 0 ? -1 : 0;
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

/* ---- freezing ---- */

/*
 * Both lists are in the order they were made, mostly the same: go on from where
 * the last one was found before searching from the start.
 */
static bool is_known(const struct source *s, pid_t tid, size_t *next)
{
	for (size_t n = 0; n < s->tasks.n; n++, ++*next) {
		if (*next >= s->tasks.n)
			*next = 0;
		if (list_at(&s->tasks, struct source_task, *next)->t.tid == tid) {
			++*next;
			return true;
		}
	}
	return false;
}

/* The kernel says EPERM of those, and of those that are just ending. */
static bool has_ended(pid_t pid, pid_t tid)
{
	struct proc_stat st;

	for (int ms = 0; ms < 20; ms++) {
		if (proc_stat(pid, tid, &st) < 0 || is_zombie(st.state))
			return true;
		usleep(1000);
	}
	return false;
}

/* A child of vfork() that has not called exec() yet: its parent, stopped in the
 * kernel until then, would never stop for us if the child had stopped. */
static bool borrows_memory(const struct source *s)
{
	return s->parent && !s->tasks.n &&
	       syscall(SYS_kcmp, s->parent, s->pid, KCMP_VM, 0, 0) == 0;
}

/* Starts to stop the threads of @s that are not stopped yet. */
static int stop_threads(struct capture *c, struct source *s, bool *more,
			struct failure *f)
{
	struct list tids = { 0 };
	size_t next = 0;
	int rc = 0;

	if (borrows_memory(s) && c->patience-- > 0) {
		usleep(500);
		*more = true;
		return 0;
	}
	if (proc_threads(s->pid, &tids) < 0)
		return 0;	/* it has ended */
	list_each(&tids, pid_t, tid) {
		struct source_task *t;
		struct failure mine = { 0 };

		if (is_known(s, *tid, &next))
			continue;
		t = list_add(&s->tasks, sizeof(*t));
		t->slept_ns = wait_slept(s->pid, *tid);
		if (tracee_attach(&t->t, s->pid, *tid, &mine) < 0) {
			s->tasks.n--;
			if (mine.status == STATUS_NOPROC ||
			    has_ended(s->pid, *tid))
				continue;
			*f = mine;
			rc = -1;
			break;
		}
		*more = true;
	}
	list_free(&tids);
	return rc;
}

static int await_threads(struct source *s, struct failure *f)
{
	for (size_t i = 0; i < s->tasks.n; i++) {
		struct source_task *t = list_at(&s->tasks, struct source_task, i);
		struct failure mine = { 0 };

		if (t->t.stopped)
			continue;
		if (tracee_await(&t->t, &mine) == 0) {
			t->t.source = true;
			thread_wait_again(t);
			continue;
		}
		if (mine.status != STATUS_NOPROC) {
			*f = mine;
			return -1;
		}
		/* It ended before it stopped. */
		memmove(t, t + 1, (s->tasks.n - i - 1) * sizeof(*t));
		s->tasks.n--;
		i--;
	}
	return 0;
}

/*
 * New tasks may appear until all that could make them have stopped: go over
 * the tree until nothing new is met.
 */
static int freeze_all(struct capture *c, struct failure *f)
{
	bool more;

	do {
		more = walk_tree(c, c->root);
		list_each(&c->sources, struct source, s)
			if (stop_threads(c, s, &more, f) < 0)
				return -1;
		list_each(&c->sources, struct source, s)
			if (await_threads(s, f) < 0)
				return -1;
	} while (more);
	return 0;
}

int capture_freeze(struct capture *c, struct failure *f)
{
	c->patience = PATIENCE;
	if (freeze_all(c, f) < 0)
		return -1;
	/* A process of which no task could be stopped has ended. */
	for (size_t i = 1; i < c->sources.n; i++) {
		struct source *s = list_at(&c->sources, struct source, i);
		struct proc_stat st;

		if (!s->tasks.n && proc_stat(s->pid, s->pid, &st) < 0)
			source_drop(c, i--);
	}
	if (!list_at(&c->sources, struct source, 0)->tasks.n)
		return fail(f, STATUS_NOPROC, "process %d has ended", c->root);
	c->frozen = true;
	return 0;
}

/* ---- recording ---- */

/* Signals whose default is to be ignored, for the stub to end with. */
static int choose_tell(const struct source_task *t)
{
	static const int candidates[] = { SIGURG, SIGWINCH, SIGCHLD };
	uint64_t busy = t->status.sig_pending | t->status.shared_pending;
	int fallback = SIGURG;

	for (size_t i = 0; i < 3; i++) {
		uint64_t bit = 1ull << (candidates[i] - 1);

		if (busy & bit)
			continue;
		if (!(t->status.sig_caught & bit))
			return candidates[i];
		fallback = candidates[i];
	}
	return fallback;
}

/* That of the main thread was read with the process. */
static int task_status(const struct source *s, struct source_task *t)
{
	if (t->t.tid != s->pid)
		return proc_status(s->pid, t->t.tid, &t->status);
	t->status = s->status;
	t->status.groups = (struct list){ 0 };
	list_each(&s->status.groups, uint32_t, group)
		*(uint32_t *)list_add(&t->status.groups, sizeof(*group)) =
			*group;
	return 0;
}

static int look_tasks(struct source *s, struct failure *f)
{
	list_each(&s->tasks, struct source_task, t) {
		if (task_status(s, t) < 0)
			return look_failed(s, f);
		t->id = t->status.nspid_n ?
			t->status.nspid[t->status.nspid_n - 1] : t->t.tid;
		t->t.tell = choose_tell(t);
		if (thread_leave_rseq(t, f) < 0)
			return -1;
	}
	return 0;
}

static int compare_tasks(const void *a, const void *b)
{
	const struct source_task *x = a, *y = b;
	int px = x->t.tid != x->t.pid, py = y->t.tid != y->t.pid;

	return px != py ? px - py : x->t.tid - y->t.tid;
}

static const struct proc_map *find_map(const struct source *s, const char *path)
{
	list_each(&s->maps, struct proc_map, m)
		if (!strcmp(m->path, path))
			return m;
	return NULL;
}

static int source_attach_start(struct source *s, struct failure *f)
{
	const struct proc_map *vdso = find_map(s, "[vdso]");
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", s->via);
	s->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (s->pagemap < 0)
		return fail_errno(f, 0, "cannot read %s", path);
	s->strings = (struct strings){ .pid = s->via, .mem = -1 };
	if (vdso) {
		s->strings.vdso = vdso->start;
		s->strings.vdso_size = vdso->end - vdso->start;
		list_each(&s->tasks, struct source_task, t)
			if (tracee_step_out(&t->t, vdso->start, vdso->end, f) < 0)
				return -1;
	}
	return strings_attach_start(&s->strings, &source_leader(s)->t, 0, f);
}

static int source_prepare(struct source *s, struct failure *f)
{
	if (s->zombie)
		return 0;
	if (!s->tasks.n)
		return fail(f, STATUS_NOPROC, "process %d is ending", s->pid);
	if (look_tasks(s, f) < 0)
		return -1;
	qsort(s->tasks.items, s->tasks.n, sizeof(struct source_task),
	      compare_tasks);
	return source_attach_start(s, f);
}

/*
 * Tasks work while we do something else: what is to be done in many of them is
 * started in all and then finished in all, also after a failure.
 */
static int prepare_all(struct capture *c, struct failure *f)
{
	struct failure ignored = { 0 };
	size_t started = 0;
	int rc = 0;

	while (started < c->sources.n && rc == 0) {
		rc = source_prepare(list_at(&c->sources, struct source, started),
				    f);
		started += rc == 0;
	}
	for (size_t i = 0; i < started; i++) {
		struct source *s = list_at(&c->sources, struct source, i);

		if (s->zombie)
			continue;
		if (strings_attach_finish(&s->strings, &source_leader(s)->t, 0,
					  rc < 0 ? &ignored : f) < 0)
			rc = -1;
	}
	return rc;
}

static void ask_task(struct capture *c, struct source *s, size_t at)
{
	struct source_task *t = list_at(&s->tasks, struct source_task, at);

	batch_init_slot(&t->asked, &s->strings, &t->t, at);
	for (size_t row = 0; kinds[row]; row++) {
		t->first_call[row] = t->asked.calls.n;
		t->first_data[row] = (t->asked.used + 15) & ~(size_t)15;
		if (kinds[row]->ask)
			kinds[row]->ask(c, s, t, &t->asked);
	}
}

/* The tasks of each process from @first on, as many as there are slots. */
static int ask_some(struct capture *c, size_t first, bool *more,
		    struct failure *f)
{
	struct failure ignored = { 0 };
	struct list started = { 0 };
	int rc = 0;

	list_each(&c->sources, struct source, s)
		for (size_t i = first; i < s->tasks.n && i < first + SLOTS &&
		     rc == 0; i++) {
			struct source_task *t =
				list_at(&s->tasks, struct source_task, i);

			ask_task(c, s, i);
			*more |= i + 1 == first + SLOTS;
			rc = batch_start(&t->asked, f);
			if (rc == 0)
				*(struct source_task **)
					list_add(&started, sizeof(t)) = t;
		}
	list_each(&started, struct source_task *, t)
		if (batch_finish(&(*t)->asked, rc < 0 ? &ignored : f) < 0)
			rc = -1;
	list_free(&started);
	return rc;
}

static int ask_all(struct capture *c, struct failure *f)
{
	bool more = true;

	for (size_t first = 0; more; first += SLOTS) {
		more = false;
		if (ask_some(c, first, &more, f) < 0)
			return -1;
	}
	return 0;
}

/* Nothing of ours stays in the source while the pages are written. */
static int detach_all(struct capture *c, struct failure *f)
{
	struct failure ignored = { 0 };
	struct list started = { 0 };
	int rc = 0;

	list_each(&c->sources, struct source, s) {
		if (s->zombie || rc < 0)
			continue;
		rc = strings_unmap_start(&s->strings, &source_leader(s)->t,
					 WORK_SIZE, f);
		if (rc == 0)
			*(struct source **)list_add(&started, sizeof(s)) = s;
	}
	list_each(&started, struct source *, s)
		if (strings_unmap_finish(&(*s)->strings, &source_leader(*s)->t,
					 rc < 0 ? &ignored : f) < 0)
			rc = -1;
	list_free(&started);
	return rc;
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static char *boot_id(void)
{
	char *id = read_file("/proc/sys/kernel/random/boot_id", NULL);

	if (id)
		id[strcspn(id, "\n")] = '\0';
	return id ? id : xstrdup("");
}

/*
 * The tree may be in a time namespace that a restore has made: its clocks are
 * ours, shifted.  Lines of timens_offsets: "monotonic 10 500000000".
 */
static int64_t clock_shift(const struct source *s, const char *name)
{
	char path[64], *text, *at;
	long long sec = 0, nsec = 0;

	snprintf(path, sizeof(path), "/proc/%d/timens_offsets", s->via);
	text = read_file(path, NULL);
	at = text ? strstr(text, name) : NULL;
	if (at)
		sscanf(at + strlen(name), "%lld %lld", &sec, &nsec);
	free(text);
	return sec * 1000000000ll + nsec;
}

static uint64_t resident(const struct capture *c)
{
	uint64_t bytes = 0;

	list_each(&c->sources, struct source, s)
		list_each(&s->maps, struct proc_map, m)
			bytes += m->rss + m->swap;
	return bytes;
}

void capture_header(struct capture *c)
{
	const struct source *top = list_at(&c->sources, struct source, 0);
	int64_t monotonic = clock_shift(top, "monotonic");
	int64_t boottime = clock_shift(top, "boottime");
	struct stream_header *h = &c->image.header;
	struct list names = { 0 };
	struct utsname u;

	uname(&u);
	*h = (struct stream_header){
		.format = xstrdup(STREAM_FORMAT), .version = STREAM_VERSION,
		.kind = xstrdup("process"), .arch = xstrdup(u.machine),
		.kernel = xstrdup(u.release), .host = xstrdup(u.nodename),
		.boot = boot_id(), .page = STREAM_PAGE,
		.time_ns = clock_ns(CLOCK_REALTIME),
		.monotonic_ns = clock_ns(CLOCK_MONOTONIC) + monotonic,
		.boottime_ns = clock_ns(CLOCK_BOOTTIME) + boottime,
		.monotonic_shift_ns = monotonic,
		.boottime_shift_ns = boottime,
		.xcr0 = proc_xcr0(), .tty = c->terminal_keys,
		.ends = c->ends,
		.root = top->id,
		.resident = resident(c),
	};
	getrandom(h->id, sizeof(h->id), 0);
	proc_cpu_flags(&names);
	for (size_t i = 0; i < names.n; i++) {
		struct cpu_feature *cpu = list_add(&h->cpu, sizeof(*cpu));

		cpu->name = *list_at(&names, char *, i);	/* handed over */
	}
	list_free(&names);
}

int capture_record(struct capture *c, struct failure *f)
{
	obstacles_clear(c);
	if (look_all(c, f) < 0 || check_all(c, f) < 0)
		return -1;
	if (c->obstacles.n)
		return capture_refuse(c, f);
	capture_header(c);
	if (prepare_all(c, f) < 0 || ask_all(c, f) < 0)
		return -1;
	for (size_t row = 0; kinds[row]; row++) {
		if (!kinds[row]->capture)
			continue;
		list_each(&c->sources, struct source, s)
			if (kinds[row]->capture(c, s, f) < 0)
				return -1;
	}
	unix_forget(c);
	if (c->obstacles.n)
		return capture_refuse(c, f);
	return detach_all(c, f);
}

int capture_write(struct capture *c, struct stream_out *out, struct failure *f)
{
	if (image_write(&c->image, out, f) < 0 || memory_write(c, out, f) < 0)
		return -1;
	return stream_put_end(out, f);
}

/* ---- releasing ---- */

/* A task that was let go stops by itself, a moment later; whoever hears that
 * we are done may want to continue it. */
static void await_stop(const struct source *s)
{
	struct proc_stat st;

	for (int tries = 0; tries < 1000; tries++) {
		if (!s->tasks.n || proc_stat(s->pid, s->via, &st) < 0 ||
		    st.state == 'T' || is_zombie(st.state))
			return;
		usleep(tries < 100 ? 20 : 1000);
	}
}

/*
 * If we are killed in here, no part of a tree whose stream is out may run: all
 * is told to stop before anything is let go or killed.  What is to be killed
 * goes from the leaves to the top, by whose PID migrate-release finds the rest.
 */
void capture_release(struct capture *c, enum capture_end end)
{
	struct failure ignored = { 0 };

	guard_tell(c, end);
	list_each(&c->sources, struct source, s) {
		if (s->tasks.n && s->strings.work &&
		    source_leader(s)->t.stopped)
			strings_detach(&s->strings, &source_leader(s)->t,
				       &ignored);
		if (end != END_RUNNING && s->tasks.n)
			kill(s->pid, SIGSTOP);
	}
	for (size_t i = c->sources.n; end == END_KILLED && i--;)
		kill(list_at(&c->sources, struct source, i)->pid, SIGKILL);
	list_each(&c->sources, struct source, s) {
		/* The main thread last: it ends when the others have gone. */
		for (size_t i = s->tasks.n; i--;) {
			struct source_task *t =
				list_at(&s->tasks, struct source_task, i);

			if (end == END_KILLED)
				tracee_reap(&t->t);
			else
				tracee_release(&t->t, end == END_STOPPED);
		}
	}
	if (end == END_STOPPED)
		list_each(&c->sources, struct source, s)
			await_stop(s);
}

void capture_free(struct capture *c)
{
	guard_free(c);
	image_free(&c->image);
	forget_tree(c);
	list_free(&c->sockets);
	list_each(&c->objects, struct seen_object, o)
		if (o->fd >= 0)
			close(o->fd);
	list_free(&c->objects);
	list_free(&c->views);
	list_each(&c->carried, struct seen_object, k)
		close(k->fd);
	list_free(&c->carried);
	list_free(&c->opens);
	list_free(&c->files);
}

/* ---- for the kinds ---- */

uint64_t capture_id(const struct capture *c, pid_t pid)
{
	struct source *s = find_source(c, pid);

	return s ? s->id : 0;
}

struct source_task *source_leader(const struct source *s)
{
	return s->tasks.items;
}

static size_t row_of(const struct kind *k)
{
	size_t row = 0;

	while (kinds[row] != k)
		row++;
	return row;
}

int64_t task_ret(const struct source_task *t, const struct kind *k, size_t n)
{
	return batch_ret(&t->asked, t->first_call[row_of(k)] + n);
}

const void *task_data(const struct source_task *t, const struct kind *k)
{
	return t->asked.data + t->first_data[row_of(k)];
}

void source_batch(struct source *s, struct batch *b)
{
	batch_init(b, &s->strings, &source_leader(s)->t);
}
