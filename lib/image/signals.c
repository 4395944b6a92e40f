/* SPDX-License-Identifier: MIT */
/*
 * signals.c - signal handlers of a process, and signals that are pending
 *
 * Blocked masks and alternate stacks belong to threads: thread.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "image/capture.h"
#include "image/pids.h"
#include "image/restore.h"

#define SIGNALS 64

/* As the kernel has it: rt_sigaction(2) on x86-64. */
struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

static const struct field action_fields[] = {
	FIELD(struct rec_action, mask, FIELD_UINT, .hex = true),
	FIELD(struct rec_action, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_action, signal, FIELD_UINT),
	FIELD(struct rec_action, handler, FIELD_UINT, .hex = true),
	FIELD(struct rec_action, restorer, FIELD_UINT, .hex = true),
};
static const struct schema action_schema =
	SCHEMA("signal action", struct rec_action, action_fields);

static const struct field actions_fields[] = {
	FIELD(struct rec_actions, actions, FIELD_STRUCTS, .max = SIGNALS,
	      .sub = &action_schema),
};
static const struct schema actions_schema =
	SCHEMA("signal actions", struct rec_actions, actions_fields);

static const struct field info_fields[] = {
	FIELD(struct rec_siginfo, info, FIELD_BLOB, .max = sizeof(siginfo_t)),
};
static const struct schema info_schema =
	SCHEMA("signal", struct rec_siginfo, info_fields);

static const struct field pending_fields[] = {
	FIELD(struct rec_pending, shared, FIELD_BOOL),
	FIELD(struct rec_pending, signals, FIELD_STRUCTS, .max = 65536,
	      .sub = &info_schema),
};
static const struct schema pending_schema =
	SCHEMA("pending signals", struct rec_pending, pending_fields);

/* ---- capture ---- */

static void ask_actions(struct capture *c, struct source *s,
			struct source_task *t, struct batch *b)
{
	uint64_t at;

	(void)c;
	if (t != source_leader(s))
		return;
	at = batch_data(b, NULL, SIGNALS * sizeof(struct kernel_action));
	for (int sig = 1; sig <= SIGNALS; sig++)
		batch_add(b, "read a signal action", SYS_rt_sigaction, sig, 0,
			  at + (sig - 1) * sizeof(struct kernel_action), 8);
}

static int capture_actions(struct capture *c, struct source *s,
			   struct failure *f)
{
	const struct kernel_action *a;
	struct rec_actions *rec;

	(void)f;
	if (s->zombie)
		return 0;
	rec = image_add(&c->image, RECORD_ACTIONS, s->id);
	a = task_data(source_leader(s), &kind_actions);
	for (int sig = 1; sig <= SIGNALS; sig++, a++) {
		struct rec_action *to;

		if (!a->handler && !a->flags && !a->mask)
			continue;
		to = list_add(&rec->actions, sizeof(*to));
		*to = (struct rec_action){ sig, a->handler, a->flags,
					   a->restorer, a->mask };
	}
	return 0;
}

static void keep(struct rec_pending *rec, const siginfo_t *si)
{
	struct rec_siginfo *to = list_add(&rec->signals, sizeof(*to));

	to->info.len = sizeof(*si);
	to->info.data = xmalloc(sizeof(*si));
	memcpy(to->info.data, si, sizeof(*si));
}

static int peek(struct capture *c, struct source_task *t, bool shared,
		struct failure *f)
{
	struct { uint64_t off; uint32_t flags; int32_t nr; } args = {
		.flags = shared ? 1 : 0, .nr = 16,
	};
	siginfo_t si[16];
	struct rec_pending *rec = NULL;
	long n;

	while ((n = ptrace(PTRACE_PEEKSIGINFO, t->t.tid, &args, si)) > 0) {
		if (!rec)
			rec = image_add(&c->image, RECORD_PENDING, t->id);
		rec->shared = shared;
		for (long i = 0; i < n; i++)
			keep(rec, &si[i]);
		args.off += n;
	}
	if (n < 0)
		return fail_errno(f, 0, "cannot read the pending signals of "
				  "thread %d", t->t.tid);
	return 0;
}

static int capture_pending(struct capture *c, struct source *s,
			   struct failure *f)
{
	list_each(&s->tasks, struct source_task, t)
		if (t->status.sig_pending && peek(c, t, false, f) < 0)
			return -1;
	if (!s->zombie && source_leader(s)->status.shared_pending &&
	    peek(c, source_leader(s), true, f) < 0)
		return -1;
	return 0;
}

/* ---- restore ---- */

static int verify_actions(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_ACTIONS, struct rec_actions, rec)
		list_each(&rec->actions, struct rec_action, a)
			if (a->signal < 1 || a->signal > SIGNALS)
				return fail(f, STATUS_STREAM,
					    "process %llu has an action for "
					    "signal %u, which there is not",
					    (unsigned long long)rec_r->id,
					    a->signal);
	image_each(&r->image, RECORD_PENDING, struct rec_pending, rec)
		list_each(&rec->signals, struct rec_siginfo, si)
			if (si->info.len != sizeof(siginfo_t))
				return fail(f, STATUS_STREAM, "a pending signal "
					    "of thread %llu is not %zu bytes",
					    (unsigned long long)rec_r->id,
					    sizeof(siginfo_t));
	return 0;
}

/*
 * SIG_IGN first: it drops what the making of children and the stub have left
 * pending.  The other way round a SIGCHLD of ours would reach the program.
 */
static int settle_actions(struct restore *r, struct puppet *p,
			  struct failure *f)
{
	const struct rec_actions *rec =
		image_find(&r->image, RECORD_ACTIONS, p->rec->pid);
	struct kernel_action set[SIGNALS + 1] = { 0 }, ignore = { 1, 0, 0, 0 };
	struct batch *b = puppet_queue(p, f);
	uint64_t off;

	if (rec)
		list_each(&rec->actions, struct rec_action, a)
			set[a->signal] = (struct kernel_action){
				a->handler, a->flags, a->restorer, a->mask };
	if (!b)
		return -1;
	off = batch_data(b, &ignore, sizeof(ignore));
	for (int sig = 1; sig <= SIGNALS; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		batch_add(b, "clear a signal", SYS_rt_sigaction, sig, off, 0, 8);
		batch_add(b, "set a signal action", SYS_rt_sigaction, sig,
			  batch_data(b, &set[sig], sizeof(set[sig])), 0, 8);
	}
	return 0;
}

/* Signals of POSIX timers are the timers' own: they fire again (timers.c). */
bool timer_owns(const siginfo_t *si)
{
	return si->si_code == SI_TIMER;
}

/*
 * The task sends them to itself: only to oneself may one send a signal as if
 * it came from somebody else (rt_sigqueueinfo(2)).
 */
static int thread_pending(struct restore *r, struct puppet *p,
			  struct member *m, struct failure *f)
{
	size_t n;
	struct record *rec = image_run(&r->image, RECORD_PENDING, m->rec->tid, &n);
	struct batch b;
	int rc = 0;

	if (n && member_queues_flush(r, f) < 0)
		return -1;
	for (; n--; rec++) {
		const struct rec_pending *pend = rec->data;

		member_batch(p, m, &b);
		for (size_t i = 0; i < pend->signals.n && !rc; i++) {
			const struct rec_siginfo *si =
				list_at(&pend->signals, struct rec_siginfo, i);

			if (timer_owns((siginfo_t *)si->info.data))
				continue;
			int sig = ((siginfo_t *)si->info.data)->si_signo;
			uint64_t at = batch_data(&b, si->info.data, si->info.len);

			if (pend->shared)
				batch_add(&b, "queue a signal",
					  SYS_rt_sigqueueinfo,
					  puppet_sees(r, p, p->rec->pid), sig,
					  at);
			else
				batch_add(&b, "queue a signal",
					  SYS_rt_tgsigqueueinfo,
					  puppet_sees(r, p, p->rec->pid),
					  puppet_sees(r, p, m->rec->tid), sig,
					  at);
			rc = batch_make_room(&b, f);
		}
		if (!rc)
			rc = batch_run(&b, f);
		batch_free(&b);
		if (rc)
			return -1;
	}
	return 0;
}

const struct kind kind_actions = {
	.type = RECORD_ACTIONS, .schema = &actions_schema, .unique = true,
	.ask = ask_actions, .capture = capture_actions, .verify = verify_actions,
	.settle = settle_actions,
};

const struct kind kind_pending = {
	.type = RECORD_PENDING, .schema = &pending_schema,
	.capture = capture_pending, .thread = thread_pending,
};
