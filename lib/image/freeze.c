/* SPDX-License-Identifier: MIT */
/*
 * freeze.c - stop every task of a tree, and let all of them go
 *
 * Whatever fails between the two, they are let go in one way.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/guard.h"
#include "image/look.h"
#include "image/pids.h"
#include "image/thread.h"
#include "image/wait.h"

#define PATIENCE 2000	/* half milliseconds, for vfork() to be over */

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

#define WORKER	(0x10 | 0x4000)	/* PF_IO_WORKER, PF_USER_WORKER: linux/sched.h */

/* Threads of the kernel's among those of the process, which work for an io_uring
 * or a virtual machine, hear no tracer and end by themselves. */
static bool may_have_workers(const struct source *s)
{
	list_each(&s->fds, struct source_fd, fd)
		if (!strcmp(fd->link, "anon_inode:[io_uring]") ||
		    !strncmp(fd->link, "/dev/vhost", 10))
			return true;
	return false;
}

static bool is_worker(const struct source *s, pid_t tid)
{
	struct proc_stat st;

	return proc_stat(s->pid, tid, &st) == 0 && st.flags & WORKER;
}

/* Starts to stop the threads of @s that are not stopped yet. */
static int stop_threads(struct capture *c, struct source *s, bool *more,
			struct failure *f)
{
	bool workers = may_have_workers(s);
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

		if (is_known(s, *tid, &next) ||
		    (workers && is_worker(s, *tid)))
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

/* One that was made after the look has no list yet. */
static void find_vdso(const struct source *s, uint64_t *start, uint64_t *end)
{
	struct list read = { 0 };
	const struct list *maps = &s->maps;

	*start = *end = 0;
	if (!maps->n && proc_maps(s->pid, false, &read) == 0)
		maps = &read;
	list_each(maps, struct proc_map, m)
		if (!strcmp(m->path, "[vdso]")) {
			*start = m->start;
			*end = m->end;
		}
	proc_maps_free(&read);
}

/*
 * Nobody may be in the vDSO when our stub is written there, nor in the stub that
 * a killed capture has left.  To step through it would be deadly if we were
 * killed: the trap of the next step would be the program's.
 */
static int leave_vdso(struct capture *c, bool *ran, struct failure *f)
{
	list_each(&c->sources, struct source, s) {
		uint64_t start = 0, end = 0;

		if (s->tasks.n)
			find_vdso(s, &start, &end);
		list_each(&s->tasks, struct source_task, t) {
			int rc = tracee_run_out(&t->t, start, end, f);

			if (rc < 0)
				return -1;
			*ran |= rc > 0;
		}
	}
	return 0;
}

#define RUNS 5		/* whoever runs may make new tasks */

static int freeze_outside(struct capture *c, struct failure *f)
{
	bool ran = true;

	for (int i = 0; i < RUNS && ran; i++) {
		ran = false;
		if (freeze_all(c, f) < 0 || leave_vdso(c, &ran, f) < 0)
			return -1;
	}
	return ran ? freeze_all(c, f) : 0;
}

int capture_freeze(struct capture *c, struct failure *f)
{
	c->patience = PATIENCE;
	guard_gate(c);
	if (freeze_outside(c, f) < 0)
		return -1;
	/*
	 * A process of which no task could be stopped has ended; a zombie that
	 * waits for somebody else now is no longer of the tree.
	 */
	for (size_t i = 1; i < c->sources.n; i++) {
		struct source *s = list_at(&c->sources, struct source, i);
		struct proc_stat st;
		bool there = proc_stat(s->pid, s->pid, &st) == 0;

		/* Its parent may have ended meanwhile: who has it now? */
		if (there && st.ppid != s->parent && find_source(c, st.ppid))
			s->parent = st.ppid;
		else if (there && st.ppid != s->parent && s->tasks.n)
			return fail(f, STATUS_OBSTACLE, "process %d lost its "
				    "parent while the tree was being stopped: "
				    "try again in a moment", s->pid);
		else if (!s->tasks.n && (!there || st.ppid != s->parent))
			source_drop(c, i--);
	}
	if (!list_at(&c->sources, struct source, 0)->tasks.n)
		return fail(f, STATUS_NOPROC, "process %d has ended", c->root);
	c->frozen = true;
	return 0;
}

/* ---- releasing ---- */

static void forget_tasks(struct source *s)
{
	list_each(&s->tasks, struct source_task, t) {
		proc_status_free(&t->status);
		list_free(&t->t.late);
		batch_free(&t->asked);
	}
	list_free(&s->tasks);
}

void capture_let_go(struct capture *c)
{
	list_each(&c->sources, struct source, s) {
		list_each(&s->tasks, struct source_task, t)
			tracee_release(&t->t, false);
		forget_tasks(s);
	}
}

int capture_hold(struct capture *c, struct failure *f)
{
	list_each(&c->sources, struct source, s)
		forget_tasks(s);
	walk_tree(c, c->root);
	list_each(&c->sources, struct source, s)
		if (!s->fds.n)
			source_look_fds(c, s);
	c->patience = PATIENCE;
	if (freeze_all(c, f) < 0) {
		capture_let_go(c);
		return -1;
	}
	list_each(&c->sources, struct source, s)
		list_each(&s->tasks, struct source_task, t)
			thread_remember_wait(t);
	return 0;
}

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

/* The main thread last: it ends when the others have gone. */
static void reap(struct source *s)
{
	for (size_t i = s->tasks.n; i--;)
		tracee_reap(&list_at(&s->tasks, struct source_task, i)->t);
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
	/* Children first: the init of a PID namespace ends when all that were in
	 * it have been heard of. */
	for (size_t i = c->sources.n; end == END_KILLED && i--;)
		reap(list_at(&c->sources, struct source, i));
	list_each(&c->sources, struct source, s)
		for (size_t i = s->tasks.n; end != END_KILLED && i--;) {
			struct source_task *t =
				list_at(&s->tasks, struct source_task, i);

			if (t->t.stopped)
				thread_remember_wait(t);
			tracee_release(&t->t, end == END_STOPPED);
		}
	if (end == END_STOPPED)
		list_each(&c->sources, struct source, s)
			await_stop(s);
}
