/* SPDX-License-Identifier: MIT */
/*
 * precopy.c - the memory of a running program, in rounds, before it is frozen
 *
 * How long the freeze will be is worked out from what the stream has taken so
 * far: back-pressure of the pipe is the measure of the whole way.  A round that
 * leaves about as much to be sent as the one before is one in vain; after some of
 * them the program is held for a growing part of the time, or, without
 * --throttle, frozen as it is.
 */
#include "move/precopy.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define MS		1000000ll	/* nanoseconds */
#define VAIN_ROUNDS	3		/* before something is done about it */
#define VAIN		0.8		/* of what was left before, is left again */
#define PERIOD_MS	100		/* of holding and letting go */
#define RATE_BYTES	(1u << 20)	/* fewer do not tell how fast a stream is */
#define SETTLE_MS	3		/* of the other end, once it has all */

static const unsigned throttle_steps[] = { 20, 40, 60, 75, 85, 92, 96, 98, 99 };
#define STEPS (sizeof(throttle_steps) / sizeof(*throttle_steps))

/* ---- phases in the stream ---- */

static int put_phase(struct precopy *p, struct rec_live *rec, struct failure *f)
{
	int64_t now = monotonic_ns();

	if (!p->start_ns)
		p->start_ns = now;
	rec->at_ns = now - p->start_ns;
	rec->throttle = p->throttled;
	return stream_put(p->out, RECORD_LIVE, ++p->phases, kind_live.schema,
			  rec, f);
}

/* ---- beginning ---- */

/* The tree as it is now: what the reader needs to make room for it. */
static int put_draft(struct precopy *p, const struct capture *c,
		     struct failure *f)
{
	return image_write(&c->image, p->out, f);
}

int precopy_begin(struct precopy *p, struct capture *c, struct stream_out *out,
		  bool *again, struct failure *f)
{
	int64_t frozen = monotonic_ns();
	int rc = 0;

	p->tree.root = c->root;
	p->out = out;
	track_end(&p->track);	/* of another try */
	if (capture_freeze(c, f) < 0 || capture_draft(c, &p->track, f) < 0) {
		*again = f->status == STATUS_OBSTACLE;
		rc = -1;
	}
	capture_release(c, END_RUNNING);
	p->freeze_ns = monotonic_ns() - frozen;
	return rc < 0 ? -1 : put_draft(p, c, f);
}

/* ---- rounds ---- */

static void let_go(struct precopy *p)
{
	if (p->held)
		capture_let_go(&p->tree);
	p->held = false;
}

/* Between pages: is it time to hold the program, or to let it go? */
static int take_turns(void *arg, struct failure *f)
{
	struct precopy *p = arg;
	int64_t now = monotonic_ns();

	progress_bytes(p->progress, stream_out_bytes(p->out));
	if (!p->throttled || now < p->turn_ns)
		return 0;
	if (p->held) {
		let_go(p);
		p->turn_ns = now + PERIOD_MS * MS * (100 - p->throttled) / 100;
		return 0;
	}
	if (capture_hold(&p->tree, f) < 0)
		return -1;
	p->held = true;
	p->turn_ns = now + PERIOD_MS * MS * p->throttled / 100;
	return 0;
}

static int send_round(struct precopy *p, uint64_t written, struct failure *f)
{
	struct rec_live rec = { .phase = LIVE_ROUND, .written = written };
	struct track_round round = { .pause = take_turns, .arg = p };
	uint64_t before = stream_out_bytes(p->out), bytes;
	int64_t start = monotonic_ns();
	int rc;

	p->rounds++;
	progress_phase(p->progress, LIVE_ROUND, p->rounds, written);
	rc = put_phase(p, &rec, f);
	if (rc == 0)
		rc = track_send(&p->track, p->out, &round, f);
	let_go(p);
	bytes = stream_out_bytes(p->out) - before;
	start = monotonic_ns() - start;
	if (bytes >= RATE_BYTES && start > 0)
		p->rate = bytes * 1e9 / start;
	return rc;
}

static void work_out(struct precopy *p, uint64_t left, int64_t took)
{
	double seconds = p->rate > 0 ? left * (double)STREAM_PAGE / p->rate : 0;

	p->left_ms = seconds * 1000 + p->freeze_ns / 1e6 + SETTLE_MS;
	if (took > 0)
		p->write_rate = left * (double)STREAM_PAGE * 1e9 / took;
	progress_rates(p->progress, p->rate, p->write_rate);
}

/* Of the freeze, that part which more rounds could shorten. */
static bool is_due_to_writes(const struct precopy *p, uint64_t left)
{
	return left * (double)STREAM_PAGE > p->rate * p->downtime_ms / 1000;
}

int precopy_rounds(struct precopy *p, struct failure *f)
{
	uint64_t left = track_written(&p->track), before;
	unsigned vain = 0, step = 0;

	while (p->rounds < p->max_rounds) {
		int64_t start = monotonic_ns();

		if (send_round(p, left, f) < 0)
			return -1;
		before = left;
		left = track_written(&p->track);
		work_out(p, left, monotonic_ns() - start);
		if (p->left_ms <= p->downtime_ms || !left)
			return 0;
		vain = left > before * VAIN ? vain + 1 : 0;
		if (vain < VAIN_ROUNDS)
			continue;
		if (!is_due_to_writes(p, left))
			return 0;	/* it is not getting any better */
		if (!p->throttle || step == STEPS)
			break;
		p->throttled = throttle_steps[step++];
		vain = 0;
	}
	p->stuck = true;
	return 0;
}

/* ---- the freeze ---- */

int precopy_frozen(struct precopy *p, const struct capture *c, struct failure *f)
{
	const struct stream_header *h = &c->image.header;
	struct rec_live rec = {
		.phase = LIVE_FROZEN, .time_ns = h->time_ns,
		.boottime_ns = h->boottime_ns, .monotonic_ns = h->monotonic_ns,
	};

	progress_phase(p->progress, LIVE_FROZEN, 0, 0);
	return put_phase(p, &rec, f);
}

int precopy_done(struct precopy *p, struct failure *f)
{
	struct rec_live rec = { .phase = LIVE_DONE };

	return put_phase(p, &rec, f);
}

void precopy_end(struct precopy *p)
{
	let_go(p);
	track_end(&p->track);
	capture_free(&p->tree);
}
