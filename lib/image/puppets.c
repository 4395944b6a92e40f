/* SPDX-License-Identifier: MIT */
/*
 * puppets.c - one stopped process for each that is to be, made by its parent
 *
 * The first is a fork of this program, so it inherits all that was opened.  It
 * drops every mapping but the work area and the kernel's own, and from then on
 * all are made as they once came about: each by clone3(2) in its parent, with
 * the PID it is to have, before or after its parent began a session of its own.
 *
 *	work area	[calls, data][stub][vvar, vvar_vclock, vdso]
 *
 * It lies where no process of the tree has a mapping, at the same address in
 * all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/pids.h"
#include "image/restore.h"
#include "image/thread.h"
#include "image/vdso.h"
#include "proc/proc.h"

#define PARK_ROOM	(256ull << 10)	/* for what the kernel maps itself */
#define AREA		(WORK_SIZE + STUB_ROOM + PARK_ROOM)
#define ANY_SESSION	(~0ull)

/* ---- finding ---- */

struct member *puppet_leader(const struct puppet *p)
{
	return p->members.items;
}

void puppet_batch(struct puppet *p, struct batch *b)
{
	batch_init(b, &p->strings, &puppet_leader(p)->t);
}

void member_batch(struct puppet *p, struct member *m, struct batch *b)
{
	batch_init(b, &p->strings, &m->t);
}

struct puppet *find_puppet(const struct restore *r, uint64_t pid)
{
	list_each(&r->puppets, struct puppet *, p)
		if ((*p)->rec->pid == pid)
			return *p;
	return NULL;
}

static int one_call(struct puppet *p, const char *what, long nr, uint64_t a1,
		    uint64_t a2, uint64_t a3, struct failure *f)
{
	return puppet_call(p, what, nr, a1, a2, a3, 0, 0, NULL, f);
}

/* ---- the work area ---- */

static bool overlaps(const struct list *maps, uint64_t start, uint64_t end)
{
	list_each(maps, struct proc_map, m)
		if (m->start < end && start < m->end)
			return true;
	return false;
}

static bool tree_uses(const struct restore *r, uint64_t start, uint64_t end)
{
	image_each(&r->image, RECORD_MAPPING, struct rec_mapping, m)
		if (m->start < end && start < m->end)
			return true;
	image_each(&r->image, RECORD_AREA, struct rec_area, a)
		if (a->start < end && start < a->end)
			return true;
	return false;
}

bool puppets_area_is_free(const struct restore *r)
{
	return !tree_uses(r, r->work, r->work + AREA);
}

bool puppets_area_overlaps(const struct restore *r, uint64_t start, uint64_t end)
{
	return start < r->work + AREA && r->work < end;
}

static int choose_area(struct restore *r, struct failure *f)
{
	struct list maps = { 0 };
	uint64_t at;

	if (proc_maps(getpid(), false, &maps) < 0)
		return fail_errno(f, 0, "cannot read /proc/self/maps");
	/* Large steps: a stack may be above that wants to grow down. */
	for (at = 1ull << 32; at < TASK_END - AREA; at += 1ull << 30)
		if (!overlaps(&maps, at, at + AREA) &&
		    !tree_uses(r, at, at + AREA))
			break;
	proc_maps_free(&maps);
	if (at >= TASK_END - AREA)
		return fail(f, STATUS_DIFFERS, "no room for a work area between "
			    "the mappings of the tree");
	r->work = at;
	return 0;
}

/* ---- the first puppet ---- */

/* This program's own registration came along by fork; its memory goes. */
static void add_rseq_end(struct batch *b)
{
	struct { uint64_t at; uint32_t size, signature, flags, pad; } conf;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, b->t->tid, sizeof(conf),
		   &conf) > 0 && conf.at)
		batch_add(b, NULL, SYS_rseq, conf.at, conf.size,
			  1 /* unregister */, conf.signature);
}

static int park(struct restore *r, struct puppet *p, struct failure *f)
{
	const struct vdso_here *here = vdso_here();
	uint64_t stub = r->work + WORK_SIZE, to = stub + STUB_ROOM;
	uint64_t from = here->start, dest = to;
	uint64_t sizes[] = { here->vvar_size, here->vclock_size };
	uint64_t vdso_to = to + (here->vdso - here->start);
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	add_rseq_end(&b);
	batch_add(&b, "map the stub", SYS_mmap, stub, STUB_ROOM,
		  PROT_READ | PROT_EXEC,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1);
	for (size_t i = 0; i < 2; i++) {
		if (sizes[i])
			batch_add(&b, "move what the kernel maps", SYS_mremap,
				  from, sizes[i], sizes[i],
				  MREMAP_MAYMOVE | MREMAP_FIXED, dest);
		from += sizes[i];
		dest += sizes[i];
	}
	rc = batch_run(&b, f);
	batch_reset(&b);
	if (rc == 0)
		rc = strings_stub_at(&p->strings, stub, f);
	batch_add(&b, "move the vDSO", SYS_mremap, here->vdso, here->vdso_size,
		  here->vdso_size, MREMAP_MAYMOVE | MREMAP_FIXED, vdso_to);
	batch_add(&b, "drop memory", SYS_munmap, 0, r->work);
	batch_add(&b, "drop memory", SYS_munmap, r->work + AREA,
		  TASK_END - (r->work + AREA));
	if (rc == 0)
		rc = batch_run(&b, f);
	batch_free(&b);
	p->strings.vdso = vdso_to;
	return rc;
}

/*
 * A signal that is not pending in the process.  Not a real-time one: those need
 * room under RLIMIT_SIGPENDING, which the process may not have.
 */
static int choose_tell(const struct restore *r, const struct puppet *p)
{
	static const int fit[] = { SIGURG, SIGWINCH, SIGPWR, SIGIO, SIGPROF,
				   SIGVTALRM, SIGXCPU, SIGXFSZ, SIGSTKFLT,
				   SIGUSR2, SIGUSR1, SIGALRM };
	uint64_t busy = 0;

	image_each(&r->image, RECORD_THREAD, struct rec_thread, t) {
		size_t n;
		struct record *rec;

		if (t->pid != p->rec->pid)
			continue;
		rec = image_run(&r->image, RECORD_PENDING, t->tid, &n);
		for (; n--; rec++) {
			struct rec_pending *pend = rec->data;

			list_each(&pend->signals, struct rec_siginfo, si) {
				int sig = ((siginfo_t *)si->info.data)->si_signo;

				if (sig >= 1 && sig <= 64)
					busy |= 1ull << (sig - 1);
			}
		}
	}
	for (size_t i = 0; i < sizeof(fit) / sizeof(*fit); i++)
		if (!(busy >> (fit[i] - 1) & 1))
			return fit[i];
	return SIGPIPE;
}

static struct member *add_leader(struct restore *r, struct puppet *p, pid_t pid)
{
	struct member *m = list_add(&p->members, sizeof(*m));

	p->pid = pid;
	m->rec = image_find(&r->image, RECORD_THREAD, p->rec->pid);
	return m;
}

/* A fork of this program, which waits. */
static int take_fork(struct restore *r, struct puppet *p, pid_t pid,
		     struct failure *f)
{
	const struct vdso_here *here = vdso_here();
	struct member *m;

	m = add_leader(r, p, pid);
	if (tracee_seize(&m->t, pid, pid, f) < 0)
		return -1;
	m->t.tell = choose_tell(r, p);
	if (tracee_bind(&m->t, f) < 0)
		return -1;
	p->strings = (struct strings){ .pid = pid, .mem = -1,
		.vdso = here->vdso, .vdso_size = here->vdso_size };
	if (strings_attach(&p->strings, &m->t, r->work, f) < 0)
		return -1;
	return park(r, p, f);
}

static int make_root(struct restore *r, struct puppet *p, uint64_t id,
		     struct failure *f)
{
	pid_t pid;

	return shepherd_start(r, id, &pid, f) < 0 ? -1 : take_fork(r, p, pid, f);
}

/* ---- children ---- */

/* What the task is called in the tree's namespace, or so much further in; 0 if
 * it has gone. */
static uint64_t inner_of(const struct restore *r, pid_t pid, pid_t tid,
			 size_t depth)
{
	struct proc_status st = { 0 };
	int at = r->private_pids + (int)depth;
	uint64_t id = 0;

	if (proc_status(pid, tid, &st) == 0 && at < st.nspid_n)
		id = st.nspid[at];
	proc_status_free(&st);
	return id;
}

/* Our number of the child that its parent calls @number. */
static pid_t outer_child(const struct restore *r, const struct puppet *parent,
			 uint64_t number)
{
	struct list kids = { 0 };
	pid_t found = -1;

	if (!r->private_pids && !puppet_depth(parent))
		return number;
	proc_children(parent->pid, &kids);
	list_each(&kids, pid_t, kid)
		if (inner_of(r, *kid, *kid, puppet_depth(parent)) == number)
			found = *kid;
	list_free(&kids);
	return found;
}

static bool is_met(const struct restore *r, pid_t pid)
{
	list_each(&r->puppets, struct puppet *, p)
		if ((*p)->pid == pid)
			return true;
	return false;
}

/* The same for all children of @parent that have no number yet. */
static int outer_children(struct restore *r, const struct puppet *parent,
			  const struct list *made, struct failure *f)
{
	struct list kids = { 0 };

	if (r->private_pids)
		proc_children(parent->pid, &kids);
	list_each(&kids, pid_t, kid) {
		struct puppet *p = is_met(r, *kid) ? NULL :
			find_puppet(r, inner_of(r, *kid, *kid, 0));

		if (p && !p->pid)
			p->pid = *kid;
	}
	list_free(&kids);
	list_each(made, struct puppet *, p) {
		if (!r->private_pids)
			(*p)->pid = (*p)->rec->pid;
		if (!(*p)->pid)
			return fail(f, STATUS_SYSTEM, "process %llu was made and "
				    "cannot be found",
				    (unsigned long long)(*p)->rec->pid);
	}
	return 0;
}

static int clone_failed(int64_t ret, uint64_t id, struct failure *f)
{
	errno = -ret;
	if (ret == -EEXIST)
		return fail(f, STATUS_DIFFERS, "PID %llu is taken here: use "
			    "--pids=new, or end what has it",
			    (unsigned long long)id);
	return fail_errno(f, 0, "cannot make process %llu",
			  (unsigned long long)id);
}

#define LEVELS 8

/* Its numbers, innermost first. */
static void set_tids(struct batch *b, struct clone_args *a, uint64_t id,
		     const struct list *inner)
{
	pid_t tids[LEVELS];
	size_t n = inner->n;

	for (size_t i = 0; i < n; i++)
		tids[i] = *list_at(inner, uint64_t, n - 1 - i);
	tids[n] = id;
	a->set_tid = batch_data(b, tids, (n + 1) * sizeof(*tids));
	a->set_tid_size = n + 1;
}

/* @inner: numbers below the tree's namespace. */
static size_t add_clone(struct batch *b, uint64_t flags, uint64_t exit_signal,
			uint64_t id, const struct list *inner)
{
	struct clone_args a = { .flags = flags | CLONE_PTRACE,
				.exit_signal = exit_signal };

	if (id)
		set_tids(b, &a, id, inner);
	return batch_add(b, NULL, SYS_clone3, batch_data(b, &a, sizeof(a)),
			 sizeof(a));
}

static int64_t clone_in(struct puppet *p, uint64_t flags, uint64_t exit_signal,
			uint64_t id, const struct list *inner,
			struct failure *f)
{
	struct batch b;
	int64_t ret;

	puppet_batch(p, &b);
	add_clone(&b, flags, exit_signal, id, inner);
	ret = batch_run(&b, f) < 0 ? -1 : batch_ret(&b, 0);
	batch_free(&b);
	return ret;
}

/* It has been cloned by @via. */
static int adopt(struct restore *r, struct puppet *via, struct puppet *p,
		 pid_t pid, struct failure *f)
{
	struct member *m = add_leader(r, p, pid);

	if (tracee_adopt(&m->t, pid, pid, f) < 0)
		return -1;
	m->t.tell = choose_tell(r, p);
	if (tracee_bind(&m->t, f) < 0)
		return -1;
	p->group = via->group;
	return strings_inherit(&p->strings, &via->strings, pid, f);
}

/* By another child of its parent (CLONE_PARENT). */
static int make_sibling(struct restore *r, struct puppet *via, struct puppet *p,
			struct failure *f)
{
	int64_t ret = clone_in(via, CLONE_PARENT, 0, p->rec->pid,
			       &p->rec->inner, f);
	pid_t pid;

	if (f->status)
		return -1;
	if (ret < 0)
		return clone_failed(ret, p->rec->pid, f);
	pid = outer_child(r, p->parent,
			  puppet_sees(r, p->parent, p->rec->pid));
	if (pid < 0)
		return fail(f, STATUS_SYSTEM, "process %llu was made and cannot "
			    "be found", (unsigned long long)p->rec->pid);
	return adopt(r, via, p, pid, f);
}

/* In another PID namespace than its parent. */
static int make_apart(struct restore *r, struct puppet *parent,
		      struct puppet *p, struct failure *f)
{
	int64_t ret;
	pid_t pid;

	if (puppet_birth(r, parent, p, f) < 0)
		return -1;
	ret = clone_in(parent, puppet_is_init(p) ? CLONE_NEWPID : 0,
		       p->rec->exit_signal, p->rec->pid, &p->rec->inner, f);
	if (f->status)
		return -1;
	if (ret < 0)
		return clone_failed(ret, p->rec->pid, f);
	pid = outer_child(r, parent, ret);
	if (pid < 0)
		return fail(f, STATUS_SYSTEM, "process %llu was made and cannot "
			    "be found", (unsigned long long)p->rec->pid);
	if (adopt(r, parent, p, pid, f) < 0)
		return -1;
	return puppet_birth_end(r, parent, p, f);
}

/* The inits first: the others are born into what they begin. */
static int make_all_apart(struct restore *r, struct puppet *parent,
			  const struct list *kids, struct failure *f)
{
	for (int others = 0; others < 2; others++)
		list_each(kids, struct puppet *, p)
			if (puppet_is_apart(parent, *p) &&
			    puppet_is_init(*p) == !others &&
			    make_apart(r, parent, *p, f) < 0)
				return -1;
	return 0;
}

#define CLONES 256		/* in one batch */

/* All by their parent. */
static int make_some(struct restore *r, struct puppet *parent,
		     const struct list *kids, struct failure *f)
{
	struct failure first = { 0 };
	struct list made = { 0 };
	struct batch b;
	size_t call = 0;
	int rc;

	puppet_batch(parent, &b);
	list_each(kids, struct puppet *, p)
		if (!puppet_is_apart(parent, *p))
			add_clone(&b, 0, (*p)->rec->exit_signal, (*p)->rec->pid,
				  &(*p)->rec->inner);
	rc = batch_run(&b, f);
	for (size_t i = 0; i < kids->n && rc == 0; i++) {
		struct puppet *p = *list_at(kids, struct puppet *, i);

		if (puppet_is_apart(parent, p))
			continue;
		if (batch_ret(&b, call) >= 0)
			*(struct puppet **)list_add(&made, sizeof(p)) = p;
		else if (!first.status)
			clone_failed(batch_ret(&b, call), p->rec->pid, &first);
		call++;
	}
	batch_free(&b);
	if (rc == 0)
		rc = outer_children(r, parent, &made, f);
	/* All of them, that they can be ended. */
	list_each(&made, struct puppet *, p)
		if (rc == 0)
			rc = adopt(r, parent, *p, (*p)->pid, f);
	list_free(&made);
	if (rc == 0 && first.status) {
		*f = first;
		rc = -1;
	}
	return rc < 0 ? -1 : make_all_apart(r, parent, kids, f);
}

/*
 * A process that takes a PID for a moment: a session or group of that number
 * goes on after its leader has ended.  0 is any PID.  @inner: its numbers below
 * the tree's namespace; *@number is what its parent calls it.
 */
static int stand_in_make(struct restore *r, struct puppet *s,
			 struct puppet *parent, uint64_t id,
			 const struct list *inner, uint64_t signal,
			 uint64_t *number, struct failure *f)
{
	int64_t ret = clone_in(parent, 0, signal, id, inner, f);
	struct member *m;
	pid_t pid;

	*s = (struct puppet){ .rec = parent->rec, .parent = parent,
			      .strings.mem = -1, .group = id };
	if (f->status)
		return -1;
	if (ret < 0)
		return clone_failed(ret, id, f);
	*number = ret;
	pid = outer_child(r, parent, ret);
	m = list_add(&s->members, sizeof(*m));
	s->pid = pid;
	if (tracee_adopt(&m->t, pid, pid, f) < 0)
		return -1;
	m->t.tell = puppet_leader(parent)->t.tell;
	return strings_inherit(&s->strings, &parent->strings, pid, f);
}

/* The process itself goes with all others. */
static int stand_in_failed(struct puppet *s)
{
	strings_close(&s->strings);
	list_free(&s->members);
	return -1;
}

static int stand_in_end(struct puppet *s, uint64_t number, struct failure *f)
{
	int status, rc;

	rc = tracee_leave(&s->strings, &puppet_leader(s)->t, SYS_exit_group, 0,
			  0, &status, f);
	if (rc == 0)
		rc = one_call(s->parent, "wait for a process", SYS_wait4, number, 0,
			      __WALL, f);
	strings_close(&s->strings);
	list_free(&s->members);
	return rc;
}

/* ---- sessions ---- */

/* Is there a process in the tree that leads this session? */
static bool is_led(const struct restore *r, uint64_t session)
{
	const struct puppet *leader = find_puppet(r, session);

	return leader && leader->rec->session == session;
}

/* The session a process is to be in; 0 is the one that the top was in, if that
 * is led from outside the tree. */
static uint64_t session_of(const struct restore *r, const struct puppet *p)
{
	const struct puppet *top = *list_at(&r->puppets, struct puppet *, 0);
	uint64_t id = p->rec->session;

	return id == top->rec->session && !is_led(r, id) ? 0 : id;
}

/* The session it must be born into. */
static uint64_t needs_session(const struct restore *r, const struct puppet *p)
{
	uint64_t own = session_of(r, p);

	if (own != p->rec->pid)
		return own;
	/* It begins one: what matters are children from before that. */
	list_each(&r->puppets, struct puppet *, kid) {
		uint64_t need;

		if ((*kid)->parent != p)
			continue;
		need = needs_session(r, *kid);
		if (need != ANY_SESSION && need != p->rec->pid)
			return need;
	}
	return ANY_SESSION;
}

static int make_family(struct restore *r, struct puppet *p, struct failure *f);

static int make_children(struct restore *r, struct puppet *p, uint64_t session,
			 bool rest, struct failure *f)
{
	struct list kids = { 0 };
	int rc = 0;

	list_each(&r->puppets, struct puppet *, kid) {
		uint64_t need;

		if ((*kid)->parent != p || (*kid)->pid)
			continue;
		need = needs_session(r, *kid);
		if (need != session && !(rest && need == ANY_SESSION))
			continue;
		(*kid)->birth_session = session;
		*(struct puppet **)list_add(&kids, sizeof(*kid)) = *kid;
	}
	for (size_t i = 0; i < kids.n && rc == 0; i += CLONES) {
		size_t n = kids.n - i < CLONES ? kids.n - i : CLONES;
		struct list some = { list_at(&kids, struct puppet *, i), n, n };

		rc = make_some(r, p, &some, f);
	}
	list_each(&kids, struct puppet *, kid)
		if (rc == 0)
			rc = make_family(r, *kid, f);
	list_free(&kids);
	return rc;
}

/* Children in a session whose leader has ended: the parent adopted them. */
static int make_orphans(struct restore *r, struct puppet *p, uint64_t session,
			struct failure *f)
{
	struct list inner = { 0 };
	uint64_t number = 0;
	struct puppet s;

	list_each(&r->puppets, struct puppet *, kid)
		if ((*kid)->parent == p && (*kid)->rec->session == session &&
		    (*kid)->rec->inner_sessions.n >= puppet_depth(p))
			inner = (*kid)->rec->inner_sessions;
	inner.n = puppet_depth(p);
	if (inner.n && (!inner.items ||
			!*list_at(&inner, uint64_t, inner.n - 1)))
		return fail(f, STATUS_DIFFERS, "session %llu cannot be rebuilt "
			    "in a PID namespace of the tree",
			    (unsigned long long)session);
	if (stand_in_make(r, &s, p, session, &inner, SIGCHLD, &number, f) < 0 ||
	    one_call(&s, "begin a session", SYS_setsid, 0, 0, 0, f) < 0)
		return stand_in_failed(&s);
	for (size_t i = 0; i < r->puppets.n; i++) {
		struct puppet *kid = *list_at(&r->puppets, struct puppet *, i);

		if (kid->parent != p || kid->pid ||
		    needs_session(r, kid) != session)
			continue;
		kid->birth_session = session;
		if (make_sibling(r, &s, kid, f) < 0 || make_family(r, kid, f) < 0)
			return stand_in_failed(&s);
	}
	return stand_in_end(&s, number, f);
}

/* The terminal that the session led by @p has, open; -1 none. */
static int terminal_of_session(const struct restore *r, const struct puppet *p)
{
	const struct rec_terminal *t = r->terminal ?
		image_find(&r->image, RECORD_TERMINAL, r->terminal) : NULL;

	if (t && r->slave >= 0 && t->session == p->rec->pid)
		return r->slave;
	image_each(&r->image, RECORD_PTY, struct rec_pty, pty)
		if (pty->session == p->rec->pid)
			return opened_find(&r->slaves, pty_r->id);
	return -1;
}

/* Before it has children in it: they have the terminal by birth. */
static int begin_session(struct restore *r, struct puppet *p, struct failure *f)
{
	int slave = terminal_of_session(r, p);

	if (puppet_call_later(p, "begin a session", SYS_setsid, 0, 0, 0, f) < 0)
		return -1;
	p->group = p->rec->pid;
	return slave < 0 ? 0 : one_call(p, "take its terminal", SYS_ioctl,
					slave, TIOCSCTTY, 0, f);
}

/* A process that exists, its session, and all below it. */
static int make_family(struct restore *r, struct puppet *p, struct failure *f)
{
	uint64_t own = session_of(r, p);

	if (own == p->rec->pid &&
	    (make_children(r, p, p->birth_session, false, f) < 0 ||
	     begin_session(r, p, f) < 0))
		return -1;
	if (make_children(r, p, own, true, f) < 0)
		return -1;
	for (size_t i = 0; i < r->puppets.n; i++) {
		struct puppet *kid = *list_at(&r->puppets, struct puppet *, i);
		uint64_t need = needs_session(r, kid);

		if (kid->parent == p && !kid->pid && need && !is_led(r, need) &&
		    make_orphans(r, p, need, f) < 0)
			return -1;
	}
	list_each(&r->puppets, struct puppet *, kid)
		if ((*kid)->parent == p && !(*kid)->pid)
			return fail(f, STATUS_DIFFERS, "the session of process "
				    "%llu cannot be rebuilt: no process of it "
				    "is above it in the tree",
				    (unsigned long long)(*kid)->rec->pid);
	return 0;
}

/* ---- groups ---- */

/* A group outside the tree is led by the first of the tree that is in it. */
static uint64_t group_of(const struct restore *r, const struct puppet *p)
{
	const struct puppet *leader = find_puppet(r, p->rec->group);

	if ((leader && session_of(r, leader) == session_of(r, p)) ||
	    session_of(r, p) != 0)
		return p->rec->group;
	list_each(&r->puppets, struct puppet *, first)
		if ((*first)->rec->group == p->rec->group &&
		    session_of(r, *first) == 0)
			return (*first)->rec->pid;
	return p->rec->pid;
}

/* A group whose leader has ended. */
static int join_leaderless(struct restore *r, struct puppet *p, uint64_t group,
			   struct failure *f)
{
	const struct list *inner = &p->rec->inner_groups;
	uint64_t number = 0;
	struct puppet s;

	if (inner->n && !*list_at(inner, uint64_t, inner->n - 1))
		return fail(f, STATUS_DIFFERS, "group %llu cannot be rebuilt in "
			    "a PID namespace of the tree",
			    (unsigned long long)group);
	if (stand_in_make(r, &s, p, group, inner, 0, &number, f) < 0 ||
	    one_call(&s, "lead a group", SYS_setpgid, 0, 0, 0, f) < 0 ||
	    one_call(p, "join a group", SYS_setpgid, 0, number, 0, f) < 0)
		return stand_in_failed(&s);
	p->group = group;
	return stand_in_end(&s, number, f);
}

/* What is not seen in its own namespace its parent may see. */
static int join_group(struct restore *r, struct puppet *p, uint64_t group,
		      struct failure *f)
{
	uint64_t number = puppet_sees_group(r, p, group), own;

	if (number)
		return puppet_call_later(p, "join a group", SYS_setpgid, 0,
					 number, 0, f);
	number = p->parent ? puppet_sees_group(r, p->parent, group) : 0;
	own = p->parent ? puppet_sees(r, p->parent, p->rec->pid) : 0;
	if (!number || !own)
		return fail(f, STATUS_DIFFERS, "process %llu cannot join group "
			    "%llu again, which is outside of its PID namespace",
			    (unsigned long long)p->rec->pid,
			    (unsigned long long)group);
	return puppet_call_later(p->parent, "have it join a group", SYS_setpgid,
				 own, number, 0, f);
}

static bool group_exists(const struct restore *r, const struct puppet *upto,
			 uint64_t group)
{
	list_each(&r->puppets, struct puppet *, p) {
		if (group_of(r, *p) != group)
			continue;
		if ((*p)->rec->pid == group)
			return true;
		if (*p == upto)
			return false;
		return true;	/* one before has joined it already */
	}
	return false;
}

static int make_groups(struct restore *r, struct failure *f)
{
	/* Leaders first; who leads a session leads its group, too. */
	list_each(&r->puppets, struct puppet *, p)
		if (group_of(r, *p) == (*p)->rec->pid &&
		    session_of(r, *p) != (*p)->rec->pid &&
		    puppet_call_later(*p, "lead a group", SYS_setpgid, 0, 0, 0, f) < 0)
			return -1;
	if (queues_flush(r, f) < 0)
		return -1;
	list_each(&r->puppets, struct puppet *, p) {
		uint64_t group = group_of(r, *p);

		if (group == (*p)->rec->pid || group == (*p)->group)
			continue;
		if (!group_exists(r, *p, group)) {
			if (join_leaderless(r, *p, group, f) < 0)
				return -1;
		} else if (join_group(r, *p, group, f) < 0) {
			return -1;
		}
	}
	return queues_flush(r, f);
}

/* ---- terminals ---- */

/* The group in the foreground, by some process that has the terminal. */
static int set_foreground(struct restore *r, uint64_t id, int slave,
			  uint64_t foreground, struct failure *f)
{
	struct puppet *p = NULL;
	struct batch b;
	pid_t group = 0;
	int rc;

	list_each(&r->puppets, struct puppet *, any)
		if ((*any)->rec->terminal == id &&
		    (!p || (*any)->rec->group == foreground)) {
			p = *any;
			if (p->rec->group == foreground)
				group = group_of(r, p);
		}
	/* Of those with the terminal, one that has a number for it. */
	list_each(&r->puppets, struct puppet *, any)
		if (p && group && (*any)->rec->terminal == id &&
		    !puppet_sees_group(r, p, group))
			p = *any;
	group = p && group ? puppet_sees_group(r, p, group) : 0;
	if (!group)
		return 0;
	puppet_batch(p, &b);
	batch_add(&b, NULL, SYS_ioctl, slave, TIOCSPGRP,
		  batch_data(&b, &group, sizeof(group)));
	rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

/* Who was born before its session had a terminal, or gave it up. */
static int leave_terminals(struct restore *r, struct failure *f)
{
	list_each(&r->puppets, struct puppet *, p) {
		const struct puppet *leader = find_puppet(r, session_of(r, *p));
		int slave = leader ? terminal_of_session(r, leader) : -1;

		if (slave >= 0 && !(*p)->rec->terminal && !(*p)->rec->zombie &&
		    one_call(*p, NULL, SYS_ioctl, slave, TIOCNOTTY, 0, f) < 0)
			return -1;
	}
	return 0;
}

static int settle_terminals(struct restore *r, struct failure *f)
{
	const struct rec_terminal *t = r->terminal ?
		image_find(&r->image, RECORD_TERMINAL, r->terminal) : NULL;

	if (leave_terminals(r, f) < 0)
		return -1;
	if (t && r->slave >= 0 &&
	    set_foreground(r, r->terminal, r->slave, t->foreground, f) < 0)
		return -1;
	image_each(&r->image, RECORD_PTY, struct rec_pty, p)
		if (p->session &&
		    set_foreground(r, p_r->id, opened_find(&r->slaves, p_r->id),
				   p->foreground, f) < 0)
			return -1;
	return 0;
}

/* ---- zombies ---- */

/* @exit: as wait(2) is to tell it. */
static int end_with(struct puppet *p, uint32_t exit, struct failure *f)
{
	struct rlimit none = { 0, 0 };
	struct { uint64_t handler, flags, restorer, mask; } dfl = { 0 };
	struct member *m = puppet_leader(p);
	int sig = exit & 127, status;
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	batch_add(&b, NULL, SYS_prlimit64, 0, RLIMIT_CORE,
		  batch_data(&b, &none, sizeof(none)), 0);
	if (sig && sig != SIGKILL && sig != SIGSTOP)
		batch_add(&b, "reset a signal", SYS_rt_sigaction, sig,
			  batch_data(&b, &dfl, sizeof(dfl)), 0, 8);
	rc = batch_run(&b, f);
	batch_free(&b);
	if (rc < 0)
		return -1;
	rc = tracee_leave(&p->strings, &m->t, SYS_exit_group, exit >> 8 & 255,
			  sig, &status, f);
	strings_close(&p->strings);
	return rc;
}

static int end_zombie(struct puppet *p, struct failure *f)
{
	p->done = true;
	return end_with(p, p->rec->exit, f);
}

int puppets_ended(struct restore *r, uint32_t exit, uint32_t flags, int *pidfd,
		  struct failure *f)
{
	struct puppet *top = *list_at(&r->puppets, struct puppet *, 0), s;
	uint64_t number = 0;
	int rc;

	if (stand_in_make(r, &s, top, 0, &top->rec->inner, 0, &number, f) < 0)
		return -1;
	*pidfd = syscall(SYS_pidfd_open, s.pid, flags);
	if (*pidfd < 0)
		fail_errno(f, 0, "cannot make a pidfd");
	rc = end_with(&s, exit, f);
	if (rc == 0)
		rc = one_call(top, "wait for a process", SYS_wait4, number, 0,
			      __WALL, f);
	list_free(&s.members);
	return rc < 0 || *pidfd < 0 ? -1 : 0;
}

/*
 * A PID namespace comes with a mount namespace, for its /proc.  A file opened
 * outside belongs to another mount there: it could not be linked, nor renamed
 * from a directory opened outside to one that is not (EXDEV).
 */
static int move_in(struct restore *r, struct puppet *top, struct failure *f)
{
	if (!r->private_pids)
		return 0;
	return objects_again(r, top, f) < 0 ? -1 : files_again(r, top, f);
}

int puppets_nest(struct restore *r, bool any_pid, struct failure *f)
{
	struct puppet *root = *list_at(&r->puppets, struct puppet *, 0);

	r->nested = any_pid;
	return choose_area(r, f) < 0 ? -1 :
		make_root(r, root, any_pid ? 0 : root->rec->pid, f);
}

int puppets_hold(struct restore *r, struct puppet *p, struct failure *f)
{
	pid_t pid;

	if (!r->work && choose_area(r, f) < 0)
		return -1;
	pid = fork();
	if (pid < 0)
		return fail_errno(f, 0, "cannot make a process");
	if (pid == 0) {
		close_range(0, ~0u, 0);
		for (;;)
			pause();
	}
	return take_fork(r, p, pid, f);
}

int puppets_own_table(struct puppet *p, struct failure *f)
{
	if (one_call(p, "have descriptors of its own", SYS_unshare,
		     CLONE_FILES, 0, 0, f) < 0)
		return -1;
	return one_call(p, NULL, SYS_prctl, PR_SET_PDEATHSIG, 0, 0, f);
}

void puppet_retell(const struct restore *r, struct puppet *p)
{
	struct member *m = puppet_leader(p);

	m->rec = image_find(&r->image, RECORD_THREAD, p->rec->pid);
	m->t.tell = choose_tell(r, p);
}

/*
 * By a clone that shares its address space (CLONE_VM) and its parent; when the
 * first one has ended, the second has them alone.
 */
int puppets_hatch(struct restore *r, struct failure *f)
{
	struct puppet *p = *list_at(&r->puppets, struct puppet *, 0);
	struct puppet nest = *p;
	int64_t ret = clone_in(p, CLONE_VM | CLONE_PARENT, 0, p->rec->pid,
			       &p->rec->inner, f);
	int status, rc;

	if (f->status)
		return -1;
	if (ret < 0)
		return clone_failed(ret, p->rec->pid, f);
	batch_free(&p->queue);
	p->queue = (struct batch){ 0 };
	p->members = (struct list){ 0 };
	rc = adopt(r, &nest, p, ret, f);
	kill(nest.pid, SIGKILL);
	while (waitpid(nest.pid, &status, __WALL) < 0 && errno == EINTR)
		;
	strings_close(&nest.strings);
	list_free(&nest.members);
	return rc;
}

int puppets_make(struct restore *r, struct failure *f)
{
	struct puppet *root = *list_at(&r->puppets, struct puppet *, 0);

	if (!root->pid && (choose_area(r, f) < 0 ||
			   make_root(r, root, root->rec->pid, f) < 0))
		return -1;
	if (move_in(r, root, f) < 0 ||
	    make_family(r, root, f) < 0 || make_groups(r, f) < 0 ||
	    settle_terminals(r, f) < 0)
		return -1;
	list_each(&r->puppets, struct puppet *, p)
		if ((*p)->rec->zombie && end_zombie(*p, f) < 0)
			return -1;
	return 0;
}

/* ---- threads ---- */

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |	\
		      CLONE_THREAD | CLONE_SYSVSEM | CLONE_PTRACE)

/* Our numbers of threads in a namespace of their own, by their own. */
static int outer_threads(const struct restore *r, struct puppet *p,
			 struct failure *f)
{
	struct list tids = { 0 };

	if (!r->private_pids)
		return 0;
	if (proc_threads(p->pid, &tids) < 0)
		return fail_errno(f, 0, "cannot list threads of %d", p->pid);
	list_each(&tids, pid_t, tid) {
		uint64_t id = inner_of(r, p->pid, *tid, 0);

		list_each(&p->members, struct member, m)
			if (m->rec && !m->t.tid && m->rec->tid == id)
				m->t.tid = *tid;
	}
	list_free(&tids);
	return 0;
}

static int clone_threads(struct puppet *p, size_t first, size_t n,
			 struct failure *f)
{
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	for (size_t i = first; i < first + n; i++) {
		struct clone_args a = { .flags = THREAD_FLAGS };
		const struct rec_thread *rec =
			list_at(&p->members, struct member, i)->rec;

		set_tids(&b, &a, rec->tid, &rec->inner);
		batch_add(&b, "make a thread", SYS_clone3,
			  batch_data(&b, &a, sizeof(a)), sizeof(a));
	}
	rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

static int make_threads(struct restore *r, struct puppet *p, struct failure *f)
{
	int tell = puppet_leader(p)->t.tell;

	image_each(&r->image, RECORD_THREAD, struct rec_thread, t)
		if (t->pid == p->rec->pid && t->tid != p->rec->pid) {
			struct member *m = list_add(&p->members, sizeof(*m));

			m->rec = t;
			m->t.tid = r->private_pids ? 0 : t->tid;
		}
	for (size_t i = 1; i < p->members.n; i += 512) {
		size_t n = p->members.n - i;

		if (clone_threads(p, i, n < 512 ? n : 512, f) < 0)
			return -1;
	}
	if (p->members.n > 1 && outer_threads(r, p, f) < 0)
		return -1;
	for (size_t i = 1; i < p->members.n; i++) {
		struct member *m = list_at(&p->members, struct member, i);

		if (tracee_adopt(&m->t, p->pid, m->t.tid, f) < 0)
			return -1;
		m->t.tell = tell;
	}
	return 0;
}

int puppets_threads(struct restore *r, struct failure *f)
{
	list_each(&r->puppets, struct puppet *, p)
		if (!(*p)->done && make_threads(r, *p, f) < 0)
			return -1;
	return 0;
}
