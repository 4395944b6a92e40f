/* SPDX-License-Identifier: MIT */
/*
 * sched.c - scheduling of a thread: policy, priority, nice, processors, I/O
 *
 * A thread that is scheduled as any other, on all processors, has no record.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/restore.h"

static const struct field fields[] = {
	FIELD(struct rec_sched, cpus, FIELD_WORDS),
	FIELD(struct rec_sched, nice, FIELD_INT),
	FIELD(struct rec_sched, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_sched, ioprio, FIELD_UINT),
	FIELD(struct rec_sched, period, FIELD_UINT),
	FIELD(struct rec_sched, policy, FIELD_UINT),
	FIELD(struct rec_sched, runtime, FIELD_UINT),
	FIELD(struct rec_sched, deadline, FIELD_UINT),
	FIELD(struct rec_sched, priority, FIELD_UINT),
};

static const struct schema schema = SCHEMA("scheduling", struct rec_sched, fields);

/* sched_setattr(2): the first version of the struct. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

#define IOPRIO_WHO_PROCESS 1

/* The CPUs of @tid, unless they are all that this machine has on line. */
static void capture_cpus(pid_t tid, struct rec_sched *rec)
{
	static long online;	/* sysconf() reads a file each time */
	cpu_set_t set;

	if (!online)
		online = sysconf(_SC_NPROCESSORS_ONLN);
	if (sched_getaffinity(tid, sizeof(set), &set) < 0 ||
	    CPU_COUNT(&set) >= online)
		return;
	for (uint64_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			*(uint64_t *)list_add(&rec->cpus, sizeof(cpu)) = cpu;
}

static bool is_ordinary(const struct rec_sched *s)
{
	return !s->policy && !s->nice && !s->flags && !s->priority &&
	       !s->cpus.n && !s->ioprio;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	list_each(&s->tasks, struct source_task, t) {
		struct attr a = { .size = sizeof(a) };
		struct rec_sched rec = { 0 };
		long ioprio;

		if (syscall(SYS_sched_getattr, t->t.tid, &a, sizeof(a), 0) < 0)
			return fail_errno(f, 0, "cannot read the scheduling of "
					  "thread %d", t->t.tid);
		ioprio = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, t->t.tid);
		rec.policy = a.policy;
		rec.flags = a.flags;
		rec.nice = a.nice;
		rec.priority = a.priority;
		if (a.policy == 6 /* SCHED_DEADLINE */) {
			rec.runtime = a.runtime;
			rec.deadline = a.deadline;
			rec.period = a.period;
		}
		/* Class none: derived from nice, whatever the kernel adds. */
		rec.ioprio = ioprio > 0 && ioprio >> 13 ? ioprio : 0;
		capture_cpus(t->t.tid, &rec);
		if (!is_ordinary(&rec))
			*(struct rec_sched *)image_add(&c->image, RECORD_SCHED,
						       t->id) = rec;
	}
	return 0;
}

static void set_cpus(struct restore *r, struct member *m,
		     const struct rec_sched *rec)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	list_each(&rec->cpus, uint64_t, cpu)
		if (*cpu < CPU_SETSIZE)
			CPU_SET(*cpu, &set);
	if (rec->cpus.n &&
	    sched_setaffinity(m->t.tid, sizeof(set), &set) < 0)
		warning_add(r, "thread %llu: none of the processors it was "
			    "bound to can be had here; it runs on any",
			    (unsigned long long)m->rec->tid);
}

static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	const struct rec_sched *rec = image_find(&r->image, RECORD_SCHED,
						 m->rec->tid);
	struct attr a = { .size = sizeof(a) };

	(void)p;
	(void)f;
	if (!rec)
		return 0;
	set_cpus(r, m, rec);
	a.policy = rec->policy;
	a.flags = rec->flags & 1;	/* reset on fork */
	a.nice = rec->nice;
	a.priority = rec->priority;
	a.runtime = rec->runtime;
	a.deadline = rec->deadline;
	a.period = rec->period;
	if (syscall(SYS_sched_setattr, m->t.tid, &a, 0) < 0)
		warning_add(r, "thread %llu: its scheduling (policy %u, nice %d)"
			    " could not be set: %s",
			    (unsigned long long)m->rec->tid, rec->policy,
			    rec->nice, strerror(errno));
	if (rec->ioprio &&
	    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, m->t.tid, rec->ioprio) < 0)
		warning_add(r, "thread %llu: its I/O priority could not be set: %s",
			    (unsigned long long)m->rec->tid, strerror(errno));
	return 0;
}

const struct kind kind_sched = {
	.type = RECORD_SCHED, .schema = &schema, .unique = true,
	.capture = capture, .thread = thread,
};
