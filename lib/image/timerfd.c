/* SPDX-License-Identifier: MIT */
/*
 * timerfd.c - timers to be read: timerfd_create(2)
 *
 * A timer that was set for so long has what was left of that when the tree goes
 * on; one that was set for a moment (TFD_TIMER_ABSTIME) keeps that moment, and
 * if it has passed on the way, it has expired.  Ticks that were not yet read
 * are kept.
 *
 * The kernel counts the ticks of a periodic timer when somebody looks; asking a
 * copy of the descriptor for the time left makes it do so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "image/anon.h"
#include "image/say.h"

static const struct field fields[] = {
	FIELD(struct rec_timerfd, clock, FIELD_INT),
	FIELD(struct rec_timerfd, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_timerfd, ticks, FIELD_UINT),
	FIELD(struct rec_timerfd, cancel, FIELD_BOOL),
	FIELD(struct rec_timerfd, absolute, FIELD_BOOL),
	FIELD(struct rec_timerfd, value_ns, FIELD_UINT),
	FIELD(struct rec_timerfd, interval_ns, FIELD_UINT),
};
static const struct schema schema =
	SCHEMA("timerfd", struct rec_timerfd, fields);

/* Of a kernel with CONFIG_CHECKPOINT_RESTORE. */
#define SET_TICKS	_IOW('T', 0, uint64_t)

#define SECOND	1000000000ull

/* The clock that one reads for a timer's; -1 if timers have no such. */
static int clock_of(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		return CLOCK_REALTIME;
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return CLOCK_BOOTTIME;
	case CLOCK_MONOTONIC:
		return CLOCK_MONOTONIC;
	default:
		return -1;
	}
}

/* How far the tree's clock is ahead of ours. */
static int64_t shift_of(int clock, int64_t monotonic, int64_t boottime)
{
	switch (clock_of(clock)) {
	case CLOCK_MONOTONIC:
		return monotonic;
	case CLOCK_BOOTTIME:
		return boottime;
	default:
		return 0;
	}
}

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "[timerfd]");
}

static bool read_pair(const char *text, const char *key, uint64_t *ns)
{
	unsigned long long s, part;
	const char *at = strstr(text, key);

	if (!at || sscanf(at + strlen(key), " (%llu, %llu)", &s, &part) != 2)
		return false;
	*ns = s > INT64_MAX / SECOND - 1 ? INT64_MAX : s * SECOND + part;
	return true;
}

/* Ticks and time left, of one moment. */
static int read_state(const struct source *s, int fd, struct rec_timerfd *rec)
{
	struct proc_fdinfo info;
	uint64_t clock = 0, flags = 0;
	bool told;

	if (proc_fdinfo(s->via, fd, &info) < 0)
		return -1;
	told = anon_value(&info, "clockid:", 10, &clock) &&
	       anon_value(&info, "ticks:", 10, &rec->ticks) &&
	       anon_value(&info, "settime flags:", 8, &flags) &&
	       read_pair(info.text, "it_value:", &rec->value_ns) &&
	       read_pair(info.text, "it_interval:", &rec->interval_ns);
	proc_fdinfo_free(&info);
	rec->clock = clock;
	rec->absolute = flags & TFD_TIMER_ABSTIME;
	rec->cancel = flags & TFD_TIMER_CANCEL_ON_SET;
	errno = ENODATA;
	return told ? 0 : -1;
}

static int read_counted(const struct source *s, int fd, int copy,
			struct rec_timerfd *rec)
{
	struct itimerspec left;

	/* A short period may end between the two. */
	for (int tries = 0; tries < 20; tries++) {
		timerfd_gettime(copy, &left);
		if (read_state(s, fd, rec) < 0)
			return -1;
		if (rec->value_ns || !rec->interval_ns)
			return 0;
	}
	rec->value_ns = 1;
	return 0;
}

/* From the time left to the moment, by the clock of the tree. */
static void find_moment(const struct capture *c, struct rec_timerfd *rec)
{
	const struct stream_header *h = &c->image.header;
	uint64_t now = clock_ns(clock_of(rec->clock)) +
		shift_of(rec->clock, h->monotonic_shift_ns,
			 h->boottime_shift_ns);

	rec->value_ns = rec->value_ns < INT64_MAX - now ? now + rec->value_ns :
			INT64_MAX;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_timerfd *rec = image_add(&c->image, RECORD_TIMERFD, id);
	int copy = anon_take(s, fd->fd, f), rc;

	if (copy < 0)
		return -1;
	rec->flags = fd->info.flags & ANON_FLAGS;
	rc = read_counted(s, fd->fd, copy, rec);
	if (rc < 0)
		fail_errno(f, STATUS_OBSTACLE, "cannot find out about a timerfd "
			   "of process %d (descriptor %d)", s->pid, fd->fd);
	else if (rec->absolute && rec->value_ns)
		find_moment(c, rec);
	close(copy);
	return rc;
}

const struct fd_kind fd_kind_timerfd = {
	.flies = true, .claims = claims, .capture = capture,
};

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_TIMERFD, struct rec_timerfd, t)
		if (clock_of(t->clock) < 0 || t->flags & ~ANON_FLAGS ||
		    t->value_ns > INT64_MAX || t->interval_ns > INT64_MAX)
			return fail(f, STATUS_STREAM, "timerfd %llu is not sound",
				    (unsigned long long)t_r->id);
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_TIMERFD, struct rec_timerfd, t) {
		int fd = timerfd_create(t->clock, TFD_CLOEXEC);

		if (fd < 0)
			return fail_errno(f, errno == EPERM ? STATUS_PERM : 0,
					  "cannot make a timer of clock %d%s",
					  t->clock, errno == EPERM ? ", which "
					  "wants CAP_WAKE_ALARM" : "");
		if (anon_opened(r, t_r->id, fd, t->flags, f) < 0)
			return -1;
	}
	return 0;
}

static struct timespec from_ns(uint64_t ns)
{
	return (struct timespec){ ns / SECOND, ns % SECOND };
}

/* The moment by our own clock, at least the first one there is. */
static uint64_t our_moment(const struct restore *r, const struct rec_timerfd *t)
{
	int64_t shift = shift_of(t->clock, r->monotonic_shift_ns,
				 r->boottime_shift_ns), ours;

	if (__builtin_sub_overflow((int64_t)t->value_ns, shift, &ours))
		return INT64_MAX;
	return ours > 0 ? ours : 1;
}

/* Without the kernel's help: one that expires now, and has ticked once. */
static void tick_once(struct restore *r, int fd, const struct rec_timerfd *t)
{
	struct itimerspec now = { from_ns(t->interval_ns), from_ns(1) };

	if (!t->value_ns || t->interval_ns)
		timerfd_settime(fd, 0, &now, NULL);
	if (t->ticks > 1 || t->value_ns)
		warning_add(r, "%llu ticks of a timerfd that were not read yet "
			    "could not be kept on this kernel",
			    (unsigned long long)t->ticks);
}

static int set(struct restore *r, int fd, const struct rec_timerfd *t,
	       struct failure *f)
{
	struct itimerspec v = { from_ns(t->interval_ns), from_ns(t->value_ns) };
	int flags = 0;

	if (t->absolute) {
		flags = TFD_TIMER_ABSTIME |
			(t->cancel ? TFD_TIMER_CANCEL_ON_SET : 0);
		if (t->value_ns)
			v.it_value = from_ns(our_moment(r, t));
	}
	/* Not set, or expired for good: what it was set with remains. */
	if (timerfd_settime(fd, flags, &v, NULL) < 0)
		return fail_errno(f, 0, "cannot set a timer");
	if (t->ticks && ioctl(fd, SET_TICKS, &t->ticks) < 0)
		tick_once(r, fd, t);
	return 0;
}

/* Once, as late as can be. */
static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	if (p->parent || m != puppet_last_caller(p))
		return 0;
	image_each(&r->image, RECORD_TIMERFD, struct rec_timerfd, t)
		if (set(r, opened_find(&r->opened, t_r->id), t, f) < 0)
			return -1;
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_timerfd *t = rec;

	fputs("timerfd", to);
	if (t->value_ns) {
		fputs(t->absolute ? " at " : ", left ", to);
		put_seconds(to, t->value_ns);
	}
	if (t->interval_ns) {
		fputs(", every ", to);
		put_seconds(to, t->interval_ns);
	}
	if (t->ticks)
		fprintf(to, ", %llu not read", (unsigned long long)t->ticks);
}

const struct kind kind_timerfd = {
	.type = RECORD_TIMERFD, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .prepare = prepare, .thread = thread,
	.describe = describe,
};
