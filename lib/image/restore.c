/* SPDX-License-Identifier: MIT */
/*
 * restore.c - the steps from a stream to a tree that is ready to run
 *
 * PIDs: the same where they are free and may be chosen.  On the machine that
 * the source is still on they are not free yet; if the stream says that the
 * source is ended after it, and its parent is one to take notice, its pages are
 * kept back until then, unless they are too many.
 */
#include "image/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "image/capture.h"
#include "image/carry.h"
#include "image/mapping.h"
#include "image/memory.h"
#include "image/mounts.h"
#include "image/mqueue.h"
#include "image/nest.h"
#include "image/pids.h"
#include "image/processor.h"
#include "image/sysv.h"
#include "proc/proc.h"

#define KEEP_MAX	(256ull << 20)	/* bytes kept back for the sake of PIDs */
#define ZOMBIE_MS	50	/* for its parent to notice */

void restore_init(struct restore *r)
{
	*r = (struct restore){ .in = -1, .out = 1, .err = 2, .shepherd_fd = -1, .wall = -1, .master = -1, .slave = -1, .keyboard = -1,
		.keyboard_end = -1, .fd_base = 16 };
}

/* ---- words ---- */

/* Each once: a file may be open in several ways. */
static void add_line(struct list *l, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		text = xstrdup(fmt);
	one_line(text);
	list_each(l, char *, known)
		if (!strcmp(*known, text)) {
			free(text);
			return;
		}
	*(char **)list_add(l, sizeof(char *)) = text;
}

void differs_add(struct restore *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(&r->differs, fmt, ap);
	va_end(ap);
}

void warning_add(struct restore *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(&r->warnings, fmt, ap);
	va_end(ap);
}

static int refuse(const struct restore *r, struct failure *f)
{
	if (r->differs.n == 1)
		return fail(f, STATUS_DIFFERS, "%s",
			    *list_at(&r->differs, char *, 0));
	fail(f, STATUS_DIFFERS, "this place differs in %zu ways from the one "
	     "the program comes from:", r->differs.n);
	list_each(&r->differs, char *, d)
		fail_item(f, "%s", *d);
	return -1;
}

/* ---- what was opened ---- */

/* In order of id; most come in that order. */
void opened_note(struct list *where, uint64_t id, int fd)
{
	struct opened *o = list_add(where, sizeof(*o));

	for (; o > (struct opened *)where->items && o[-1].id > id; o--)
		*o = o[-1];
	*o = (struct opened){ id, fd };
}

int opened_add(struct restore *r, struct list *where, uint64_t id, int fd,
	       struct failure *f)
{
	int high = fd;

	if (fd < r->fd_base) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, r->fd_base);
		if (high < 0)
			fail_errno(f, 0, "too many descriptors (up to %d are "
				   "the tree's)", r->fd_base);
		close(fd);
		if (high < 0)
			return -1;
	}
	opened_note(where, id, high);
	return 0;
}

int opened_find(const struct list *where, uint64_t id)
{
	size_t low = 0, high = where->n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct opened *o = list_at(where, struct opened, mid);

		if (o->id == id)
			return o->fd;
		if (o->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

static void close_opened(struct list *where)
{
	list_each(where, struct opened, o)
		close(o->fd);
	list_free(where);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- the header ---- */

static int check_header(struct restore *r, struct failure *f)
{
	const struct stream_header *h = &r->image.header;
	struct utsname u;

	uname(&u);
	if (!h->kind || strcmp(h->kind, "process"))
		return fail(f, STATUS_STREAM, "stream holds a %s, not a process",
			    h->kind ? h->kind : "(nothing)");
	if (!h->arch || strcmp(h->arch, u.machine))
		return fail(f, STATUS_DIFFERS, "the program comes from a machine "
			    "of another architecture (%s, this is %s)",
			    h->arch ? h->arch : "unknown", u.machine);
	processor_check(r);
	return 0;
}

/* ---- the tree ---- */

static int unsound(const struct rec_process *p, const char *why,
		   struct failure *f)
{
	return fail(f, STATUS_STREAM, "process %llu of the stream %s",
		    (unsigned long long)p->pid, why);
}

static struct puppet *puppet_new(struct restore *r, struct rec_process *rec)
{
	struct puppet *p = xcalloc(1, sizeof(*p));

	p->rec = rec;
	p->strings.mem = -1;
	*(struct puppet **)list_add(&r->puppets, sizeof(p)) = p;
	return p;
}

static struct puppet *planned(const struct restore *r, uint64_t pid)
{
	list_each(&r->puppets, struct puppet *, p)
		if ((*p)->rec->pid == pid)
			return *p;
	return NULL;
}

/* Parents first, whatever order the records came in; what is left over hangs
 * in a loop. */
static int plan_tree(struct restore *r, struct failure *f)
{
	struct list *l = image_list(&r->image, RECORD_PROCESS);
	struct rec_process *top = image_find(&r->image, RECORD_PROCESS,
					     r->image.header.root);
	size_t before;

	if (!top || top->parent || top->zombie)
		return fail(f, STATUS_STREAM, "stream has no process %llu at the "
			    "top of its tree",
			    (unsigned long long)r->image.header.root);
	puppet_new(r, top);
	do {
		before = r->puppets.n;
		list_each(l, struct record, rec) {
			struct rec_process *p = rec->data;
			struct puppet *parent = planned(r, p->parent);

			if (p->pid != rec->id || !p->pid ||
			    p->pid > PID_LIMIT || p->group > PID_LIMIT ||
			    p->session > PID_LIMIT)
				return unsound(p, "has a wrong number", f);
			if (p == top || planned(r, p->pid) || !parent)
				continue;
			if (parent->rec->zombie)
				return unsound(p, "is the child of a zombie", f);
			puppet_new(r, p)->parent = parent;
		}
	} while (r->puppets.n > before);
	if (r->puppets.n != l->n)
		return fail(f, STATUS_STREAM, "%zu processes of the stream are "
			    "not below its top", l->n - r->puppets.n);
	return 0;
}

static void **slice(struct restore *r, enum record_type type, uint64_t id,
		    size_t *n)
{
	struct record *rec = image_run(&r->image, type, id, n);
	void **v = xcalloc(*n, sizeof(*v));

	for (size_t i = 0; i < *n; i++)
		v[i] = rec[i].data;
	return v;
}

static int plan_threads(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_THREAD, struct rec_thread, t) {
		struct puppet *p = planned(r, t->pid), *other;

		if (!p || p->rec->zombie)
			return fail(f, STATUS_STREAM, "thread %llu belongs to "
				    "no process", (unsigned long long)t->tid);
		other = planned(r, t->tid);
		if (other && other != p)
			return fail(f, STATUS_STREAM, "thread %llu has the "
				    "number of a process",
				    (unsigned long long)t->tid);
		p->threads++;
	}
	list_each(&r->puppets, struct puppet *, p)
		if (!(*p)->threads && !(*p)->rec->zombie)
			return unsound((*p)->rec, "has no thread", f);
	return 0;
}

static int plan(struct restore *r, struct failure *f)
{
	if (plan_tree(r, f) < 0 || plan_threads(r, f) < 0 ||
	    pids_verify(r, f) < 0)
		return -1;
	list_each(&r->puppets, struct puppet *, p) {
		uint64_t pid = (*p)->rec->pid;

		(*p)->space = image_find(&r->image, RECORD_SPACE, pid);
		(*p)->maps = (struct rec_mapping **)
			slice(r, RECORD_MAPPING, pid, &(*p)->map_n);
		(*p)->fds = (struct rec_descriptor **)
			slice(r, RECORD_DESCRIPTOR, pid, &(*p)->fd_n);
	}
	return 0;
}

/* ---- PIDs ---- */

/* Numbers are below this. */
static uint64_t pid_max(void)
{
	static uint64_t max;
	char *text;

	if (max)
		return max;
	text = read_file("/proc/sys/kernel/pid_max", NULL);
	max = text ? strtoull(text, NULL, 10) : 0;
	if (!max)
		max = INT_MAX;
	free(text);
	return max;
}

static bool taken(uint64_t pid)
{
	return pid >= pid_max() || kill(pid, 0) == 0 || errno != ESRCH;
}

uint64_t restore_first_taken(const struct restore *r)
{
	list_each(&r->puppets, struct puppet *, p)
		if (taken((*p)->rec->pid))
			return (*p)->rec->pid;
	image_each(&r->image, RECORD_THREAD, struct rec_thread, t)
		if (taken(t->tid))
			return t->tid;
	return 0;
}

bool restore_same_boot(const struct restore *r)
{
	char *boot = read_file("/proc/sys/kernel/random/boot_id", NULL);
	bool same = boot && r->image.header.boot &&
		!strncmp(boot, r->image.header.boot, 36);

	free(boot);
	return same;
}

bool restore_source_ends(const struct restore *r)
{
	return r->image.header.ends == END_KILLED && restore_same_boot(r);
}

/* Without privilege a user namespace gives the right to make the other. */
static void private_pids(struct restore *r)
{
	r->private_pids = true;
	r->private_user = geteuid() != 0;
}

/*
 * Deadlines by a monotonic clock mean nothing by that of another machine, or
 * after a reboot: there the tree's clocks go on from where they were.
 */
static void choose_clocks(struct restore *r)
{
	const struct stream_header *h = &r->image.header;

	policy_clock(r);
	r->monotonic_shift_ns = h->monotonic_shift_ns;
	r->boottime_shift_ns = h->boottime_shift_ns;
	if (restore_same_boot(r))
		return;
	if (access("/proc/self/ns/time", F_OK) < 0) {
		warning_add(r, "this kernel has no time namespaces: waits until "
			    "a moment of the monotonic clock end at the wrong one");
		return;
	}
	r->monotonic_shift_ns = h->monotonic_ns - clock_ns(CLOCK_MONOTONIC);
	r->boottime_shift_ns = h->boottime_ns - clock_ns(CLOCK_BOOTTIME);
}

static void new_pids(struct restore *r, uint64_t pid)
{
	private_pids(r);
	r->why_new = xasprintf(pid >= pid_max() ? "PID %llu is more than "
			       "kernel.pid_max allows here" :
			       "PID %llu is taken here",
			       (unsigned long long)pid);
}

/*
 * A killed source keeps its PID until its parent has asked for its status:
 * soon, if that handles or ignores SIGCHLD, or is just waiting.
 */
static bool parent_asks(uint64_t pid)
{
	uint64_t child = 1ull << (SIGCHLD - 1);
	struct proc_status st = { 0 };
	struct proc_stat source;
	char path[64], *text;
	long nr = -1;
	bool asks;

	if (proc_stat(pid, pid, &source) < 0 ||
	    proc_status(source.ppid, source.ppid, &st) < 0)
		return false;
	asks = (st.sig_caught | st.sig_ignored) & child;
	proc_status_free(&st);
	snprintf(path, sizeof(path), "/proc/%d/syscall", source.ppid);
	text = read_file(path, NULL);
	if (text)
		nr = strtol(text, NULL, 10);
	free(text);
	return asks || nr == SYS_wait4 || nr == SYS_waitid;
}

/* Worth to be kept back until its PIDs are free? */
static bool may_wait(const struct restore *r)
{
	if (!restore_source_ends(r))
		return false;
	return r->pids == PIDS_SAME ||
	       ((r->puppets.n == 1 || r->image.header.resident <= KEEP_MAX) &&
		parent_asks(r->image.header.root));
}

/* True if the source that has the PIDs is to be ended after the stream. */
static bool choose_pids(struct restore *r)
{
	uint64_t pid;

	if (r->pids == PIDS_NEW) {
		private_pids(r);
		return false;
	}
	if (r->pids == PIDS_AUTO && geteuid() != 0) {
		private_pids(r);
		r->why_new = xstrdup("only root may choose PIDs");
		return false;
	}
	pid = restore_first_taken(r);
	if (!pid)
		return false;
	if (may_wait(r))
		return true;
	if (r->pids == PIDS_AUTO)
		new_pids(r, pid);
	return false;
}

/* It has ended, and its parent has not asked how: that may take for ever. */
static bool waits_for_parent(uint64_t pid)
{
	struct proc_stat st;

	return proc_stat(pid, pid, &st) == 0 && st.state == 'Z';
}

#define LOOKS_MS	8		/* in a millisecond */

static void await_pids(struct restore *r)
{
	int zombie_looks = LOOKS_MS *
		(r->pids == PIDS_SAME ? SOURCE_ENDS_MS : ZOMBIE_MS);
	uint64_t pid = 0;

	for (int look = 0; look < SOURCE_ENDS_MS * LOOKS_MS && zombie_looks;
	     look++) {
		pid = restore_first_taken(r);
		if (!pid)
			return;
		zombie_looks -= waits_for_parent(pid);
		usleep(1000 / LOOKS_MS);
	}
	if (r->pids == PIDS_AUTO)
		new_pids(r, pid);
}

/* ---- the rows of the table ---- */

typedef int (*row_step)(struct restore *, struct failure *);
typedef int (*puppet_step)(struct restore *, struct puppet *, struct failure *);

static int each_puppet(struct restore *r, puppet_step step, struct failure *f)
{
	list_each(&r->puppets, struct puppet *, p)
		if (!(*p)->done && step(r, *p, f) < 0)
			return -1;
	return 0;
}

static int verify_all(struct restore *r, struct failure *f)
{
	for (size_t row = 0; kinds[row]; row++)
		if (kinds[row]->verify && kinds[row]->verify(r, f) < 0)
			return -1;
	return r->differs.n ? refuse(r, f) : 0;
}

/* What the kernel grants the privileged, if nobody has changed it. */
#define MOST_DESCRIPTORS 1048576

/*
 * As many descriptors as we may: ours lie above the tree's, which may be as
 * many as its own limit says.  Each process gets that limit back (limits.c).
 */
static void raise_descriptors(void)
{
	struct rlimit l = { MOST_DESCRIPTORS, MOST_DESCRIPTORS }, had;

	if (getrlimit(RLIMIT_NOFILE, &had) == 0 &&
	    had.rlim_max < MOST_DESCRIPTORS && setrlimit(RLIMIT_NOFILE, &l) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int prepare_all(struct restore *r, struct failure *f)
{
	raise_descriptors();
	if (handover_open(r, f) < 0)
		return -1;
	for (size_t row = 0; kinds[row]; row++)
		if (kinds[row]->prepare && kinds[row]->prepare(r, f) < 0)
			return -1;
	return 0;
}

static int map_all(struct restore *r, struct failure *f)
{
	for (size_t row = 0; kinds[row]; row++)
		list_each(&r->puppets, struct puppet *, p)
			if (kinds[row]->map && (*p)->pid && !(*p)->done &&
			    !(*p)->mapped && kinds[row]->map(r, *p, f) < 0)
				return -1;
	list_each(&r->puppets, struct puppet *, p)
		(*p)->mapped = (*p)->pid != 0;
	return queues_flush(r, f);
}

static int build_all(struct restore *r, struct failure *f)
{
	if (puppets_make(r, f) < 0 || map_all(r, f) < 0)
		return -1;
	for (size_t row = 0; kinds[row]; row++)
		if (kinds[row]->build &&
		    each_puppet(r, kinds[row]->build, f) < 0)
			return -1;
	return queues_flush(r, f);
}

static int each_member(struct restore *r, const struct kind *k,
		       struct failure *f)
{
	list_each(&r->puppets, struct puppet *, p) {
		if ((*p)->done)
			continue;
		list_each(&(*p)->members, struct member, m)
			if (m->rec && k->thread(r, *p, m, f) < 0)
				return -1;
	}
	return 0;
}

static int settle_all(struct restore *r, struct failure *f)
{
	if (puppets_threads(r, f) < 0)
		return -1;
	for (size_t row = 0; kinds[row]; row++)
		if (kinds[row]->settle &&
		    each_puppet(r, kinds[row]->settle, f) < 0)
			return -1;
	if (queues_flush(r, f) < 0)
		return -1;
	for (size_t row = 0; kinds[row]; row++)
		if (kinds[row]->thread && each_member(r, kinds[row], f) < 0)
			return -1;
	if (member_queues_flush(r, f) < 0)
		return -1;
	return puppets_finish(r, f);
}

/* Somebody took a PID after we had looked: the tree may have a namespace. */
static int new_pids_for(struct restore *r, const struct failure *why,
			struct failure *f)
{
	if (r->pids != PIDS_AUTO || r->private_pids ||
	    (why->status != STATUS_DIFFERS && why->status != STATUS_PERM)) {
		*f = *why;
		return -1;
	}
	private_pids(r);
	r->why_new = xstrdup(why->text);
	return 0;
}

/*
 * The kernel gives a number back a moment after the last process of that number
 * cannot be found any more.
 */
#define LIMBO_TRIES	5
#define LIMBO_US	2000

static bool in_limbo(const struct restore *r, const struct failure *why)
{
	return why->status == STATUS_DIFFERS && !r->private_pids &&
	       !restore_first_taken(r);
}

static int build_or_again(struct restore *r, struct failure *f)
{
	struct failure first = { 0 };

	for (int tries = 0; build_all(r, &first) < 0; tries++) {
		if (tries == LIMBO_TRIES || !in_limbo(r, &first))
			break;
		puppets_end(r);
		close_opened(&r->late);	/* of these puppets */
		usleep(LIMBO_US);
		first = (struct failure){ 0 };
	}
	if (!first.status)
		return 0;
	puppets_end(r);
	close_opened(&r->late);		/* of these puppets */
	return new_pids_for(r, &first, f) < 0 ? -1 : build_all(r, f);
}

/* ---- the whole ---- */

typedef int (*fill_step)(struct restore *, struct stream_in *,
			 struct stream_item *, int more, struct failure *);

static int fill_directly(struct restore *r, struct stream_in *in,
			 struct stream_item *item, int more, struct failure *f)
{
	if (build_or_again(r, f) < 0 || nests_empty(r, f) < 0)
		return -1;
	return more ? memory_fill(r, in, item, f) : 0;
}

static int hatch(struct restore *r, struct failure *f)
{
	for (int tries = 0; puppets_hatch(r, f) < 0; tries++) {
		if (tries == LIMBO_TRIES || !in_limbo(r, f))
			return -1;
		usleep(LIMBO_US / 10 << tries);
		*f = (struct failure){ 0 };
	}
	return 0;
}

/* What was filled under another PID, when the right one is not to be had. */
static int fill_from_nest(struct restore *r, struct failure *f)
{
	nest_leave(r);
	return build_all(r, f) < 0 ? -1 : nests_empty(r, f);
}

/* The lone process is there, under its own PID or, until that is free, another. */
static int fill_one(struct restore *r, struct stream_in *in,
		    struct stream_item *item, int more, struct failure *f)
{
	struct failure why = { 0 };

	if (map_all(r, f) < 0 || nests_empty(r, f) < 0 ||
	    (more && memory_fill(r, in, item, f) < 0))
		return -1;
	if (!r->nested)
		return build_all(r, f);
	objects_end_writing(r);
	await_pids(r);
	if (!r->private_pids && hatch(r, &why) < 0 &&
	    new_pids_for(r, &why, f) < 0)
		return -1;
	return r->private_pids ? fill_from_nest(r, f) : build_all(r, f);
}

/* A lone process gets its memory as it comes, and its PID when that is free. */
static int fill_in_nest(struct restore *r, struct stream_in *in,
			struct stream_item *item, int more, struct failure *f)
{
	return puppets_nest(r, true, f) < 0 ? -1 :
		fill_one(r, in, item, more, f);
}

/* It has been here before, with most of its memory. */
static int fill_adopted(struct restore *r, struct stream_in *in,
			struct stream_item *item, int more, struct failure *f)
{
	struct puppet *p = *list_at(&r->puppets, struct puppet *, 0);

	if (!r->nested && puppets_own_table(p, f) < 0)
		return -1;
	return fill_one(r, in, item, more, f);
}

static int fill_afterwards(struct restore *r, struct stream_in *in,
			   struct stream_item *item, int more,
			   struct failure *f)
{
	struct stash kept = { 0 };
	int rc = more ? memory_keep(r, &kept, in, item, f) : 0;

	if (rc == 0) {
		await_pids(r);
		rc = build_or_again(r, f);
	}
	if (rc == 0)
		rc = nests_empty(r, f);
	if (rc == 0)
		rc = memory_fill_kept(r, &kept, f);
	stash_free(&kept);
	return rc;
}

/* ---- live streams ---- */

static void forget_puppets(struct restore *r)
{
	list_each(&r->puppets, struct puppet *, p) {
		free((*p)->maps);
		free((*p)->fds);
		batch_free(&(*p)->queue);
		list_each(&(*p)->members, struct member, m) {
			list_free(&m->t.late);
			batch_free(&m->queue);
		}
		list_free(&(*p)->members);
		list_free(&(*p)->areas);
		free(*p);
	}
	list_free(&r->puppets);
}

/* Is the top in a mount or PID namespace of the tree? */
static bool has_own_space(const struct restore *r)
{
	const struct puppet *top = *list_at(&r->puppets, struct puppet *, 0);

	return top->rec->mounts || puppet_depth(top);
}

/* Namespaces are made when the records are there for good. */
static bool may_be_made_early(const struct restore *r)
{
	return r->puppets.n == 1 && !has_own_space(r) &&
		!image_list(&r->image, RECORD_NAMESPACE)->n &&
		!image_list(&r->image, RECORD_MOUNTS)->n;
}

/* A lone process may have its place, and its terminal, before its records. */
static int make_early(struct restore *r, struct failure *f)
{
	bool waits = choose_pids(r);
	int rc;

	r->terminal = terminal_wanted(r);
	if (r->terminal && terminal_make(r, f) < 0)
		return -1;
	r->share_table = true;
	rc = puppets_nest(r, waits, f);
	r->share_table = false;
	return rc;
}

/* Rounds; then the records as they are for good.  1, 0, -1 as image_read(). */
static int receive_rounds(struct restore *r, struct stream_in *in,
			  struct stream_item *item, int more, struct failure *f)
{
	bool early;

	if (!more || item->type != RECORD_LIVE)
		return fail(f, STATUS_STREAM, "live stream does not begin with a "
			    "phase");
	if (check_header(r, f) < 0 || plan_tree(r, f) < 0)
		return -1;
	choose_clocks(r);
	early = may_be_made_early(r);
	if ((early && make_early(r, f) < 0) ||
	    nests_receive(r, early, in, item, f) < 0)
		return -1;
	forget_puppets(r);
	image_forget(&r->image);
	more = image_read_records(&r->image, in, item, f);
	return more > 0 && item->type == RECORD_LIVE ?
		memory_next(r, in, item, f) : more;
}

/* Is a thread's number somebody else's here? */
static bool threads_have_place(const struct restore *r)
{
	if (r->private_pids || r->nested)
		return true;
	image_each(&r->image, RECORD_THREAD, struct rec_thread, t)
		if (t->tid != r->image.header.root && taken(t->tid))
			return false;
	return true;
}

/* What was made early is the first puppet's; or of no more use than its memory. */
static bool adopt_early(struct restore *r)
{
	if (r->nests.n && threads_have_place(r) && may_be_made_early(r) &&
	    (r->master >= 0) == (terminal_wanted(r) != 0) && nest_adopt(r))
		return true;
	r->private_pids = r->private_user = r->nested = false;
	free(r->why_new);
	r->why_new = NULL;
	close_fd(&r->master);
	close_fd(&r->slave);
	return false;
}

static fill_step choose_fill(struct restore *r)
{
	if (r->image.header.live == LIVE_PRECOPY && adopt_early(r))
		return fill_adopted;
	choose_clocks(r);
	if (!choose_pids(r))
		return fill_directly;
	return r->puppets.n == 1 && !puppet_depth(*list_at(&r->puppets,
		struct puppet *, 0)) ? fill_in_nest : fill_afterwards;
}

static int build(struct restore *r, struct stream_in *in, struct failure *f)
{
	struct stream_item item;
	int more = image_read(&r->image, in, &item, f);
	fill_step fill;

	if (more >= 0 && r->image.header.live == LIVE_PRECOPY)
		more = receive_rounds(r, in, &item, more, f);
	if (more < 0 || check_header(r, f) < 0 || policy_apply(r, f) < 0 ||
	    plan(r, f) < 0 || namespaces_make(r, f) < 0 ||
	    verify_all(r, f) < 0 ||
	    carry_receive(r, in, &item, &more, f) < 0)
		return -1;
	fill = choose_fill(r);
	if (prepare_all(r, f) < 0 || fill(r, in, &item, more, f) < 0)
		return -1;
	return settle_all(r, f);
}

static void close_all(struct restore *r)
{
	close_opened(&r->opened);
	close_opened(&r->late);
	close_opened(&r->slaves);
	close_opened(&r->handover);
	close_opened(&r->objects);
	close_opened(&r->objects_ro);
	close_opened(&r->objects_rw);
	close_fd(&r->slave);
	close_fd(&r->keyboard_end);
}

int restore_build(struct restore *r, struct stream_in *in, struct failure *f)
{
	if (build(r, in, f) == 0) {
		/* The tree has its own; an end kept here would be one too many
		 * for who waits for the last to be closed. */
		close_all(r);
		return 0;
	}
	restore_abandon(r);
	return -1;
}

/* All rows' last words; then it runs. */
static int commit_all(struct restore *r, struct failure *f)
{
	for (size_t row = 0; kinds[row]; row++)
		if (kinds[row]->commit && kinds[row]->commit(r, f) < 0)
			return -1;
	close_opened(&r->held);
	close_fd(&r->wall);
	mounts_free(r);
	return 0;
}

/* Told to redraw, and not yet at it. */
static bool is_told(pid_t pid)
{
	const uint64_t winch = 1ull << (SIGWINCH - 1);
	struct proc_status st = { 0 };
	bool told = false;

	if (proc_status(pid, pid, &st) == 0)
		told = (st.sig_pending | st.shared_pending) &
		       ~st.sig_blocked & winch;
	proc_status_free(&st);
	return told;
}

/*
 * What was on the old terminal's screen is not on the new one.  A program may
 * lose the key that it is just being given when it is told to redraw (less(1)
 * does): so no key comes before it is at it.
 */
#define REDRAW_MS	100

static void redraw(const struct restore *r)
{
	pid_t foreground = 0;

	if (r->master < 0 ||
	    ioctl(r->master, TIOCGPGRP, &foreground) < 0 || foreground <= 0)
		return;
	kill(-foreground, SIGWINCH);
	for (int ms = 0; ms < REDRAW_MS; ms++) {
		bool told = false;

		list_each(&r->puppets, struct puppet *, p)
			told |= getpgid((*p)->pid) == foreground &&
				is_told((*p)->pid);
		if (!told)
			break;
		usleep(1000);
	}
}

int restore_release(struct restore *r, struct failure *f)
{
	if (commit_all(r, f) < 0 || puppets_release(r, f) < 0) {
		restore_abandon(r);
		return -1;
	}
	r->released = true;
	carry_commit(r);
	redraw(r);
	return 0;
}

pid_t restore_root(const struct restore *r)
{
	return (*list_at(&r->puppets, struct puppet *, 0))->pid;
}

void restore_abandon(struct restore *r)
{
	nests_end(r);
	if (!r->released)
		puppets_end(r);
	carry_undo(r);
	sysv_end(r, r->released);
	mqueue_end(r, r->released);
	unix_end(r, r->released);
	mounts_free(r);
	close_all(r);
	close_fd(&r->master);
	close_fd(&r->keyboard);
	close_fd(&r->shepherd_fd);
	close_opened(&r->held);
	close_fd(&r->wall);
}

void restore_free(struct restore *r)
{
	forget_puppets(r);
	list_each(&r->differs, char *, d)
		free(*d);
	list_free(&r->differs);
	list_each(&r->warnings, char *, w)
		free(*w);
	list_free(&r->warnings);
	sysv_end(r, true);
	mqueue_end(r, true);
	free(r->why_new);
	image_free(&r->image);
}
