/* SPDX-License-Identifier: MIT */
/*
 * seccomp.c - system calls that a thread may not make any more: strict mode,
 * and filters, from the first installed to the last
 *
 * Filters must not judge the calls that we make in a task: the kernel suspends
 * them for a tracer with CAP_SYS_ADMIN.  So they are read at the source, and in
 * a puppet can be installed while it still has the privilege for it: they are
 * in force from the moment that it is let go.
 *
 * A filter that asks another process is refused: nobody can tell which one.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/restore.h"

#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP (1 << 21)
#endif
#ifndef PTRACE_SECCOMP_GET_METADATA
#define PTRACE_SECCOMP_GET_METADATA 0x420d
#endif

#define FILTERS_MAX	64

static const struct field filter_fields[] = {
	FIELD(struct rec_filter, log, FIELD_BOOL),
	FIELD(struct rec_filter, code, FIELD_BLOB, .max = 65536),
};
static const struct schema filter_schema =
	SCHEMA("seccomp filter", struct rec_filter, filter_fields);

static const struct field fields[] = {
	FIELD(struct rec_seccomp, mode, FIELD_UINT),
	FIELD(struct rec_seccomp, filters, FIELD_WORDS, .max = FILTERS_MAX),
};
static const struct schema schema =
	SCHEMA("seccomp", struct rec_seccomp, fields);

/* ---- what cannot be moved ---- */

static bool may_suspend(void)
{
	static enum { UNKNOWN, MAY, MAY_NOT } may;
	struct proc_status st = { 0 };

	if (may == UNKNOWN && proc_status(getpid(), getpid(), &st) == 0) {
		may = st.cap[CAP_EFF] >> CAP_SYS_ADMIN & 1 && !st.seccomp ?
			MAY : MAY_NOT;
		proc_status_free(&st);
	}
	return may == MAY;
}

/* Of any thread: they need not agree. */
static bool is_filtered(const struct source *s)
{
	struct list tids = { 0 };
	bool filtered = s->status.seccomp;

	if (!filtered && proc_threads(s->pid, &tids) == 0)
		list_each(&tids, pid_t, tid) {
			struct proc_status st = { 0 };

			if (proc_status(s->pid, *tid, &st) < 0)
				continue;
			filtered |= st.seccomp != 0;
			proc_status_free(&st);
		}
	list_free(&tids);
	return filtered;
}

static int check(struct capture *c, struct source *s, struct failure *f)
{
	(void)f;
	if (!s->zombie && !may_suspend() && is_filtered(s))
		obstacle_add(c, s, "capture it as root, under no filter",
			     "runs under seccomp, which only CAP_SYS_ADMIN may "
			     "look at and suspend");
	return 0;
}

/* ---- capture ---- */

static bool asks_somebody(const struct sock_filter *code, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (code[i].code == (BPF_RET | BPF_K) &&
		    (code[i].k & SECCOMP_RET_ACTION_FULL) ==
		    SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

/* The same filter is most often that of many threads. */
static uint64_t filter_id(struct capture *c, struct rec_filter *mine)
{
	struct list *known = image_list(&c->image, RECORD_FILTER);
	uint64_t id = known->n + 1;

	image_each(&c->image, RECORD_FILTER, struct rec_filter, other)
		if (other->log == mine->log &&
		    other->code.len == mine->code.len &&
		    !memcmp(other->code.data, mine->code.data, mine->code.len)) {
			id = other_r->id;
			schema_free(&filter_schema, mine);
			return id;
		}
	*(struct rec_filter *)image_add(&c->image, RECORD_FILTER, id) = *mine;
	return id;
}

/* Number @at from the oldest; 0: there is none. */
static int capture_filter(struct capture *c, struct source *s,
			  struct source_task *t, uint64_t at,
			  struct rec_seccomp *rec, struct failure *f)
{
	struct { uint64_t at, flags; } meta = { .at = at };
	struct rec_filter mine = { 0 };
	long n = ptrace(PTRACE_SECCOMP_GET_FILTER, t->t.tid, at, NULL);

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n > 0) {
		mine.code.len = n * sizeof(struct sock_filter);
		mine.code.data = xcalloc(n, sizeof(struct sock_filter));
		n = ptrace(PTRACE_SECCOMP_GET_FILTER, t->t.tid, at,
			   mine.code.data);
	}
	if (n <= 0 || at >= FILTERS_MAX) {
		free(mine.code.data);
		return fail_errno(f, STATUS_OBSTACLE, "cannot read a seccomp "
				  "filter of thread %d", t->t.tid);
	}
	if (asks_somebody((struct sock_filter *)mine.code.data, n))
		obstacle_add(c, s, NULL, "has a seccomp filter that asks another "
			     "process (SECCOMP_RET_USER_NOTIF)");
	if (ptrace(PTRACE_SECCOMP_GET_METADATA, t->t.tid, sizeof(meta),
		   &meta) > 0)
		mine.log = meta.flags & SECCOMP_FILTER_FLAG_LOG;
	*(uint64_t *)list_add(&rec->filters, sizeof(uint64_t)) =
		filter_id(c, &mine);
	return 1;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	list_each(&s->tasks, struct source_task, t) {
		struct rec_seccomp *rec;
		uint64_t at = 0;
		int more = t->status.seccomp == SECCOMP_MODE_FILTER;

		if (!t->status.seccomp)
			continue;
		rec = image_add(&c->image, RECORD_SECCOMP, t->id);
		rec->mode = t->status.seccomp;
		while (more > 0)
			more = capture_filter(c, s, t, at++, rec, f);
		if (more < 0)
			return -1;
	}
	return 0;
}

/* ---- restore ---- */

static int verify_filters(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_FILTER, struct rec_filter, rec)
		if (!rec->code.len ||
		    rec->code.len % sizeof(struct sock_filter) ||
		    rec->code.len / sizeof(struct sock_filter) > BPF_MAXINSNS)
			return fail(f, STATUS_STREAM, "seccomp filter %llu is "
				    "not sound", (unsigned long long)rec_r->id);
	return 0;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_SECCOMP, struct rec_seccomp, rec) {
		bool sound = rec->mode == SECCOMP_MODE_STRICT ? !rec->filters.n :
			rec->mode == SECCOMP_MODE_FILTER && rec->filters.n;

		list_each(&rec->filters, uint64_t, id)
			sound &= image_find(&r->image, RECORD_FILTER, *id) != NULL;
		if (!sound)
			return fail(f, STATUS_STREAM, "seccomp of thread %llu "
				    "is not sound",
				    (unsigned long long)rec_r->id);
		if (!may_suspend())
			return fail(f, STATUS_PERM, "thread %llu runs under "
				    "seccomp: restore it as root, under no filter "
				    "(CAP_SYS_ADMIN)",
				    (unsigned long long)rec_r->id);
	}
	return 0;
}

static int install(struct puppet *p, struct member *m,
		   const struct rec_filter *rec, struct failure *f)
{
	struct sock_fprog prog = {
		.len = rec->code.len / sizeof(struct sock_filter),
	};
	struct batch b;
	int rc;

	member_batch(p, m, &b);
	prog.filter = (void *)batch_data(&b, rec->code.data, rec->code.len);
	batch_add(&b, "install a seccomp filter", SYS_seccomp,
		  SECCOMP_SET_MODE_FILTER,
		  rec->log ? SECCOMP_FILTER_FLAG_LOG : 0,
		  batch_data(&b, &prog, sizeof(prog)));
	rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

static int set_strict(struct puppet *p, struct member *m, struct failure *f)
{
	struct batch b;
	int rc;

	member_batch(p, m, &b);
	batch_add(&b, "set seccomp's strict mode", SYS_seccomp,
		  SECCOMP_SET_MODE_STRICT, 0, 0);
	rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

/* Its row is before that of the credentials, so it may do this still. */
static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	const struct rec_seccomp *rec = image_find(&r->image, RECORD_SECCOMP,
						   m->rec->tid);

	if (!rec)
		return 0;
	if (ptrace(PTRACE_SETOPTIONS, m->t.tid, 0, PTRACE_O_TRACESYSGOOD |
		   PTRACE_O_EXITKILL | PTRACE_O_SUSPEND_SECCOMP) < 0)
		return fail_errno(f, STATUS_PERM, "cannot suspend seccomp of "
				  "thread %llu",
				  (unsigned long long)m->rec->tid);
	if (rec->mode == SECCOMP_MODE_STRICT)
		return set_strict(p, m, f);
	list_each(&rec->filters, uint64_t, id)
		if (install(p, m, image_find(&r->image, RECORD_FILTER, *id),
			    f) < 0)
			return -1;
	return 0;
}

const struct kind kind_filter = {
	.type = RECORD_FILTER, .schema = &filter_schema, .unique = true,
	.verify = verify_filters,
};

const struct kind kind_seccomp = {
	.type = RECORD_SECCOMP, .schema = &schema, .unique = true,
	.check = check, .capture = capture, .verify = verify, .thread = thread,
};
