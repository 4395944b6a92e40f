/* SPDX-License-Identifier: MIT */
/* limits.c - resource limits of a process (setrlimit(2)) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "image/capture.h"
#include "image/restore.h"

#define LIMITS 16

static const struct field limit_fields[] = {
	FIELD(struct rec_limit, hard, FIELD_UINT),
	FIELD(struct rec_limit, soft, FIELD_UINT),
};
static const struct schema limit_schema =
	SCHEMA("limit", struct rec_limit, limit_fields);

static const struct field fields[] = {
	FIELD(struct rec_limits, limits, FIELD_STRUCTS, .max = LIMITS,
	      .sub = &limit_schema),
};
static const struct schema schema = SCHEMA("limits", struct rec_limits, fields);

static const char *const names[LIMITS] = {
	"processor time", "file size", "data size", "stack size",
	"core file size", "resident set", "processes", "open files",
	"locked memory", "address space", "file locks", "pending signals",
	"message queues", "nice priority", "realtime priority",
	"realtime time-out",
};

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	uint64_t limit[LIMITS][2];
	struct rec_limits *rec;

	if (s->zombie)
		return 0;
	if (proc_limits(s->via, limit) < 0)
		return fail_errno(f, 0, "cannot read the limits of process %d",
				  s->pid);
	if (s->strings.raised) {	/* lent by us */
		limit[RLIMIT_AS][0] = s->strings.soft[0];
		limit[RLIMIT_DATA][0] = s->strings.soft[1];
	}
	rec = image_add(&c->image, RECORD_LIMITS, s->id);
	for (int i = 0; i < LIMITS; i++) {
		struct rec_limit *l = list_add(&rec->limits, sizeof(*l));

		l->soft = limit[i][0];
		l->hard = limit[i][1];
	}
	return 0;
}

static void add_limit(struct batch *b, const char *what, size_t i,
		      const struct rec_limit *l)
{
	struct rlimit64 v = { l->soft, l->hard };

	batch_add(b, what, SYS_prlimit64, 0, i, batch_data(b, &v, sizeof(v)), 0);
}

/* Those of @b that were refused, again as high as they may be. */
static int lower(struct restore *r, struct puppet *p, struct batch *b,
		 const struct rec_limits *rec, uint64_t now[LIMITS][2],
		 struct failure *f)
{
	struct batch again;
	int rc;

	puppet_batch(p, &again);
	list_each(&b->calls, struct remote_call, c) {
		struct rec_limit l;

		if (c->ret >= 0)
			continue;
		l = *list_at(&rec->limits, struct rec_limit, c->arg[1]);
		l.hard = now[c->arg[1]][1];
		if (l.soft > l.hard)
			l.soft = l.hard;
		add_limit(&again, "set a resource limit", c->arg[1], &l);
		warning_add(r, "process %llu: its limit on %s is higher than "
			    "may be set here", (unsigned long long)p->rec->pid,
			    names[c->arg[1]]);
	}
	rc = batch_run(&again, f);
	batch_free(&again);
	return rc;
}

/*
 * Twice: first, with the privilege that the puppet still has, what is higher
 * than ours; last of all, exactly what it was, which needs no privilege but may
 * be too little for what we still had to do.
 */
static int set(struct restore *r, struct puppet *p, bool exact,
	       struct failure *f)
{
	const struct rec_limits *rec =
		image_find(&r->image, RECORD_LIMITS, p->rec->pid);
	uint64_t now[LIMITS][2];
	struct batch b;
	int rc;

	if (!rec || proc_limits(p->pid, now) < 0)
		return 0;
	puppet_batch(p, &b);
	for (size_t i = 0; i < rec->limits.n && i < LIMITS; i++) {
		struct rec_limit l = *list_at(&rec->limits, struct rec_limit, i);

		if (!exact && l.hard <= now[i][1])
			continue;
		if (!exact && l.soft < now[i][0])
			l.soft = now[i][0];
		if (l.soft != now[i][0] || l.hard != now[i][1])
			add_limit(&b, NULL, i, &l);
	}
	if (exact && b.calls.n && member_queues_flush(r, f) < 0)
		return -1;
	rc = batch_run(&b, f);
	if (rc == 0 && exact)
		rc = lower(r, p, &b, rec, now, f);
	batch_free(&b);
	return rc;
}

static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	return set(r, p, false, f);
}

static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	return m == puppet_last_caller(p) ? set(r, p, true, f) : 0;
}

const struct kind kind_limits = {
	.type = RECORD_LIMITS, .schema = &schema, .unique = true,
	.capture = capture, .settle = settle, .thread = thread,
};
