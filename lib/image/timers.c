/* SPDX-License-Identifier: MIT */
/*
 * timers.c - interval timers and POSIX timers of a process
 *
 * What was left to run when the process was frozen is left to run when it is
 * released: time that it spent on its way does not count.  The kernel keeps a
 * timer's number when asked to (PR_TIMER_CREATE_RESTORE_IDS, Linux 6.15);
 * before that numbers are handed out in turn, so others are made and deleted
 * until it is the right one's turn.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "image/capture.h"
#include "image/pids.h"
#include "image/restore.h"

#define TIMER_CREATE_RESTORE_IDS 77
#define TIMERS_MAX 4096
/* The timer's own thread gets the signal; <signal.h> has it as a macro of the
 * kernel's. */
#define NOTIFY_THREAD 4

static const struct field itimer_fields[] = {
	FIELD(struct rec_itimer, which, FIELD_UINT),
	FIELD(struct rec_itimer, value_us, FIELD_UINT),
	FIELD(struct rec_itimer, interval_us, FIELD_UINT),
};
static const struct schema itimer_schema =
	SCHEMA("interval timer", struct rec_itimer, itimer_fields);

static const struct field timer_fields[] = {
	FIELD(struct rec_timer, id, FIELD_UINT),
	FIELD(struct rec_timer, tid, FIELD_UINT),
	FIELD(struct rec_timer, clock, FIELD_INT),
	FIELD(struct rec_timer, notify, FIELD_UINT),
	FIELD(struct rec_timer, signal, FIELD_UINT),
	FIELD(struct rec_timer, sigval, FIELD_UINT, .hex = true),
	FIELD(struct rec_timer, value_ns, FIELD_UINT),
	FIELD(struct rec_timer, interval_ns, FIELD_UINT),
};
static const struct schema timer_schema =
	SCHEMA("timer", struct rec_timer, timer_fields);

static const struct field fields[] = {
	FIELD(struct rec_timers, timers, FIELD_STRUCTS, .max = TIMERS_MAX,
	      .sub = &timer_schema),
	FIELD(struct rec_timers, itimers, FIELD_STRUCTS, .max = 3,
	      .sub = &itimer_schema),
};
static const struct schema schema = SCHEMA("timers", struct rec_timers, fields);

static uint64_t to_ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ull + t->tv_nsec;
}

static struct timespec from_ns(uint64_t ns)
{
	return (struct timespec){ ns / 1000000000, ns % 1000000000 };
}

static uint64_t to_us(const struct timeval *t)
{
	return t->tv_sec * 1000000ull + t->tv_usec;
}

static struct timeval from_us(uint64_t us)
{
	return (struct timeval){ us / 1000000, us % 1000000 };
}

/* ---- capture ---- */

static int check(struct capture *c, struct source *s, struct failure *f)
{
	struct list timers = { 0 };

	(void)f;
	if (s->zombie || c->frozen)	/* capture() sees for itself */
		return 0;
	if (proc_timers(s->pid, &timers) == 0 && timers.n > TIMERS_MAX)
		obstacle_add(c, s, NULL, "has %zu timers, more than %d",
			     timers.n, TIMERS_MAX);
	list_free(&timers);
	return 0;
}

static uint64_t thread_id(const struct source *s, pid_t tid)
{
	list_each(&s->tasks, struct source_task, t)
		if (t->t.tid == tid || t->id == (uint64_t)tid)
			return t->id;
	return 0;
}

static void record(struct rec_timers *rec, const struct source *s,
		   const struct proc_timer *t, const struct itimerspec *left)
{
	struct rec_timer *to = list_add(&rec->timers, sizeof(*to));

	to->id = t->id;
	to->clock = t->clock;
	to->notify = t->notify;
	to->signal = t->signal;
	to->sigval = t->sigval;
	to->value_ns = to_ns(&left->it_value);
	to->interval_ns = to_ns(&left->it_interval);
	if (t->notify & NOTIFY_THREAD)
		to->tid = thread_id(s, t->target);
}

static void record_itimers(struct rec_timers *rec, const struct itimerval *v)
{
	for (int which = 0; which < 3; which++, v++) {
		struct rec_itimer *to;

		if (!to_us(&v->it_value) && !to_us(&v->it_interval))
			continue;
		to = list_add(&rec->itimers, sizeof(*to));
		to->which = which;
		to->value_us = to_us(&v->it_value);
		to->interval_us = to_us(&v->it_interval);
	}
}

static void ask(struct capture *c, struct source *s, struct source_task *t,
		struct batch *b)
{
	uint64_t at;

	(void)c;
	if (t != source_leader(s))
		return;
	at = batch_data(b, NULL, 3 * sizeof(struct itimerval));
	for (int which = 0; which < 3; which++)
		batch_add(b, "read an interval timer", SYS_getitimer, which,
			  at + which * sizeof(struct itimerval));
}

/* How many there are is not known when the others are asked. */
static int read_some_timers(struct source *s, const struct proc_timer *timer,
			    size_t n, struct rec_timers *rec, struct failure *f)
{
	uint64_t at;
	struct batch b;
	int rc;

	source_batch(s, &b);
	at = batch_data(&b, NULL, n * sizeof(struct itimerspec));
	for (size_t i = 0; i < n; i++)
		batch_add(&b, "read a timer", SYS_timer_gettime, timer[i].id,
			  at + i * sizeof(struct itimerspec));
	rc = batch_run(&b, f);
	for (size_t i = 0; i < n && rc == 0; i++)
		record(rec, s, &timer[i],
		       batch_out(&b, at + i * sizeof(struct itimerspec)));
	batch_free(&b);
	return rc;
}

#define AT_ONCE 1024

static int read_timers(struct source *s, const struct list *timers,
		       struct rec_timers *rec, struct failure *f)
{
	for (size_t i = 0; i < timers->n; i += AT_ONCE) {
		size_t n = timers->n - i;

		if (read_some_timers(s, list_at(timers, struct proc_timer, i),
				     n < AT_ONCE ? n : AT_ONCE, rec, f) < 0)
			return -1;
	}
	return 0;
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct list timers = { 0 };
	struct rec_timers rec = { 0 };
	int rc;

	if (s->zombie)
		return 0;
	if (proc_timers(s->pid, &timers) < 0 && errno != ENOENT)
		return fail_errno(f, 0, "cannot read the timers of process %d",
				  s->pid);
	if (timers.n > TIMERS_MAX)
		obstacle_add(c, s, NULL, "has %zu timers, more than %d",
			     timers.n, TIMERS_MAX);
	record_itimers(&rec, task_data(source_leader(s), &kind_timers));
	rc = read_timers(s, &timers, &rec, f);
	if (rec.timers.n || rec.itimers.n)
		*(struct rec_timers *)image_add(&c->image, RECORD_TIMERS,
						s->id) = rec;
	list_free(&timers);
	return rc;
}

/* ---- restore ---- */

/* The kernel's struct sigevent, 64 bytes. */
struct event {
	uint64_t value;
	int32_t signo, notify;
	int32_t tid;
	int32_t pad[11];
};

static int create_next(const struct restore *r, struct puppet *p,
		       const struct rec_timer *t, int *id, struct failure *f)
{
	struct event ev = { t->sigval, t->signal, t->notify,
			    puppet_sees(r, p, t->tid), { 0 } };
	struct batch b;
	uint64_t at;
	int rc;

	puppet_batch(p, &b);
	at = batch_data(&b, id, sizeof(*id));
	batch_add(&b, "create a timer", SYS_timer_create, t->clock,
		  batch_data(&b, &ev, sizeof(ev)), at);
	rc = batch_run(&b, f);
	if (rc == 0)
		*id = *(int *)batch_out(&b, at);
	batch_free(&b);
	return rc;
}

static int call(struct puppet *p, long nr, uint64_t a1, uint64_t a2,
		struct failure *f)
{
	int64_t ret = 0;
	int rc = puppet_call(p, NULL, nr, a1, a2, 0, 0, 0, &ret, f);

	return rc < 0 || ret < 0 ? -1 : 0;
}

static int create(const struct restore *r, struct puppet *p,
		  const struct rec_timer *t, bool exact, struct failure *f)
{
	for (uint32_t tries = 0; tries <= t->id + 1; tries++) {
		int id = t->id;

		if (create_next(r, p, t, &id, f) < 0)
			return -1;
		if ((uint32_t)id == t->id)
			return 0;
		call(p, SYS_timer_delete, id, 0, f);
		if (exact || (uint32_t)id > t->id)
			break;
	}
	return fail(f, STATUS_DIFFERS, "timer %u of process %llu cannot have "
		    "its number on this kernel", t->id,
		    (unsigned long long)p->rec->pid);
}

static void add_settings(struct batch *b, const struct rec_timers *rec)
{
	list_each(&rec->itimers, struct rec_itimer, i) {
		/* One whose signal is pending starts anew when that is taken. */
		uint64_t left = i->value_us ? i->value_us : i->interval_us;
		struct itimerval v = { from_us(i->interval_us), from_us(left) };

		batch_add(b, "set an interval timer", SYS_setitimer, i->which,
			  batch_data(b, &v, sizeof(v)), 0);
	}
}

static bool is_pending(const struct restore *r, const struct puppet *p,
		       uint32_t id)
{
	list_each(&p->members, struct member, m) {
		size_t n;
		struct record *rec = m->rec ? image_run(&r->image,
			RECORD_PENDING, m->rec->tid, &n) : NULL;

		for (; rec && n--; rec++) {
			struct rec_pending *pend = rec->data;

			list_each(&pend->signals, struct rec_siginfo, s) {
				siginfo_t *si = (siginfo_t *)s->info.data;

				if (timer_owns(si) &&
				    si->si_timerid == (int)id)
					return true;
			}
		}
	}
	return false;
}

static int set_timers(struct restore *r, struct puppet *p, const struct rec_timers *rec,
		      struct failure *f)
{
	struct batch b;
	int rc = 0;

	puppet_batch(p, &b);
	add_settings(&b, rec);
	list_each(&rec->timers, struct rec_timer, t) {
		/* Its signal was pending: it fires at once, and the kernel
		 * queues that signal and counts what it missed. */
		uint64_t left = is_pending(r, p, t->id) ? 1 : t->value_ns;
		struct itimerspec v = { from_ns(t->interval_ns), from_ns(left) };

		if (left)
			batch_add(&b, "set a timer", SYS_timer_settime, t->id,
				  0, batch_data(&b, &v, sizeof(v)), 0);
		rc = batch_make_room(&b, f);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = batch_run(&b, f);
	batch_free(&b);
	return rc;
}

/* A clock below 0 is one of a process or thread. */
static bool timer_sound(const struct restore *r, const struct rec_timer *t)
{
	if (t->id > INT32_MAX || t->clock > CLOCK_TAI ||
	    t->notify & ~(uint32_t)(SIGEV_NONE | NOTIFY_THREAD))
		return false;
	if (t->notify != SIGEV_NONE && (!t->signal || t->signal > SIGNAL_LAST))
		return false;
	return !(t->notify & NOTIFY_THREAD) ||
	       image_find(&r->image, RECORD_THREAD, t->tid);
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_TIMERS, struct rec_timers, rec) {
		bool sound = true;

		list_each(&rec->itimers, struct rec_itimer, i)
			sound &= i->which <= ITIMER_PROF;
		list_each(&rec->timers, struct rec_timer, t) {
			sound &= timer_sound(r, t);
			list_each(&rec->timers, struct rec_timer, other)
				sound &= other == t || other->id != t->id;
		}
		if (!sound)
			return fail(f, STATUS_STREAM, "the timers of process "
				    "%llu are not sound",
				    (unsigned long long)rec_r->id);
	}
	return 0;
}

/* In the leader's turn, when all threads that may be named are there. */
static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	const struct rec_timers *rec;
	bool exact;

	if (m != puppet_last_caller(p))
		return 0;
	rec = image_find(&r->image, RECORD_TIMERS, p->rec->pid);
	if (!rec)
		return 0;
	/* What is put off would count for timers of processor time. */
	if (member_queues_flush(r, f) < 0)
		return -1;
	exact = call(p, SYS_prctl, TIMER_CREATE_RESTORE_IDS, 1, f) == 0;
	list_each(&rec->timers, struct rec_timer, t)
		if (create(r, p, t, exact, f) < 0)
			return -1;
	if (exact)
		call(p, SYS_prctl, TIMER_CREATE_RESTORE_IDS, 0, f);
	return set_timers(r, p, rec, f);
}

const struct kind kind_timers = {
	.type = RECORD_TIMERS, .schema = &schema, .unique = true,
	.check = check, .ask = ask, .capture = capture,
	.verify = verify, .thread = thread,
};
