/* SPDX-License-Identifier: MIT */
/*
 * pace.c - in which coding runs of pages leave soonest
 *
 * Packing and taking go on at the same time, with a pipe between them.  So a
 * byte of content costs whichever is more: what it takes to read and pack it,
 * or its share of what whoever takes the stream needs for it.  Both are measured,
 * for some MiB at a time; in the first run of such a period a coding is tried
 * that may be better, if its figures are not known or have grown old.
 *
 *	the reader is	first	then
 *	one of us	raw	raw, unless twice in a row another is better
 *	anybody else	lz4	whatever is best
 *
 * What there is to be known of the reader is how soon he took what he was given.
 * If he kept us waiting, that is all he can.  If he did not, he may do better:
 * then we hold him for a little better after each period, until one shows that
 * he is not, and for less so from then on.  His beginning, when buffers fill and he may not read yet, tells
 * nothing.
 */
#include "stream/pace.h"

#define PERIOD_BYTES	(4u << 20)	/* of content */
#define PERIOD_NS	200000000
#define SETTLE_BYTES	(2u << 20)	/* of the stream: more than a pipe holds */
#define NEAR_DOUBTS	2
#define BETTER		0.9	/* times as long is worth a change */
#define HOPE		0.3	/* of the time is not needed */
/* Rates above which a coding is not worth trying. */
#define TRY_LZ4		1.0	/* 0.95 GiB/s */
#define TRY_ZSTD	2.0

static void restart(struct pace *p, int64_t now_ns, uint64_t out)
{
	p->period = (struct pace_period){ .start_ns = now_ns, .out_start = out };
}

static void begin(struct pace *p, int64_t now_ns, uint64_t out, bool near)
{
	p->begun = true;
	p->near = near;
	p->settled = p->hoped = false;
	p->hope = HOPE;
	p->now = p->trial = near ? CODING_RAW : CODING_LZ4;
	restart(p, now_ns, out);
}

/* @new counts for one part in @parts. */
static double mean(double old, double new, int parts)
{
	return old > 0 ? old + (new - old) / parts : new;
}

/* It was in vain if a coding was left for raw, and is taken up again. */
static void change(struct pace *p, enum stream_coding to)
{
	if (to == CODING_RAW)
		p->hoped = true;
	else if (p->hoped && p->now == CODING_RAW)
		p->hope /= 2;
	p->now = to;
	p->doubts = 0;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

/* True if it was the reader who set the pace. */
static bool learn(struct pace *p, double elapsed, uint64_t out)
{
	bool held = p->period.waited_ns > elapsed / 4;
	double taking = elapsed / out;

	if (held)
		p->taking = mean(p->taking, taking, 2);
	else if (p->taking == 0 || taking < p->taking)
		p->taking = taking;
	if (!held)
		p->taking *= 1 - p->hope;
	return held;
}

static enum stream_coding best(const struct pace *p, double reading)
{
	double now = 0, least = 0;
	enum stream_coding found = p->now;

	for (int c = CODING_RAW; c < PACE_CODINGS; c++) {
		double packing = c == CODING_RAW ? 0 : p->packing[c];
		double ratio = c == CODING_RAW ? 1 : p->ratio[c];
		double cost = most(reading + packing, ratio * p->taking);

		if (c == CODING_ZERO || (c != CODING_RAW && packing == 0))
			continue;
		if (c == (int)p->now)
			now = cost;
		if (least == 0 || cost < least) {
			least = cost;
			found = c;
		}
	}
	return least < BETTER * now ? found : p->now;
}

/* What the first run of the next period is for. */
static enum stream_coding trial(const struct pace *p, bool held)
{
	bool zstd = p->taking >= TRY_ZSTD;

	if (!held || p->taking < TRY_LZ4)
		return p->now;
	if (p->now == CODING_LZ4)
		return zstd ? CODING_ZSTD : CODING_LZ4;
	if (p->now == CODING_RAW && zstd && p->packing[CODING_LZ4] > 0 &&
	    p->packing[CODING_ZSTD] == 0)
		return CODING_ZSTD;
	return CODING_LZ4;
}

static void decide(struct pace *p, int64_t now_ns, uint64_t out)
{
	const struct pace_period *d = &p->period;
	double elapsed = now_ns - d->start_ns;
	double reading = (elapsed - d->waited_ns - d->packed_ns) / d->content;
	bool held = learn(p, elapsed, out - d->out_start);
	enum stream_coding better = best(p, most(reading, 0));

	p->doubts = better == p->now ? 0 : p->doubts + 1;
	if (p->doubts >= (p->near && p->now == CODING_RAW ? NEAR_DOUBTS : 1))
		change(p, better);
	p->trial = trial(p, held);
	restart(p, now_ns, out);
}

static bool is_over(const struct pace *p, int64_t now_ns, uint64_t out)
{
	const struct pace_period *d = &p->period;

	if (!d->content || out == d->out_start)
		return false;
	if (!p->settled)
		return out - d->out_start >= SETTLE_BYTES ||
		       d->content >= 2 * PERIOD_BYTES;
	return d->content >= PERIOD_BYTES || now_ns - d->start_ns >= PERIOD_NS;
}

enum stream_coding pace_next(struct pace *p, int64_t now_ns, uint64_t content,
			     uint64_t out, bool near)
{
	enum stream_coding coding;

	switch (p->wish) {
	case COMPRESS_NONE:
		return CODING_RAW;
	case COMPRESS_LZ4:
		return CODING_LZ4;
	case COMPRESS_ZSTD:
		return CODING_ZSTD;
	case COMPRESS_AUTO:
		break;
	}
	if (!p->begun || (near && !p->near))
		begin(p, now_ns, out, near);
	if (is_over(p, now_ns, out)) {
		if (p->settled)
			decide(p, now_ns, out);
		else
			restart(p, now_ns, out);
		p->settled = true;
	}
	coding = p->period.content ? p->now : p->trial;
	p->period.content += content;
	return coding;
}

void pace_packed(struct pace *p, enum stream_coding coding, int64_t ns,
		 uint64_t in, uint64_t out)
{
	p->period.packed_ns += ns;
	p->packing[coding] = mean(p->packing[coding], (double)ns / in, 4);
	p->ratio[coding] = mean(p->ratio[coding], (double)out / in, 4);
}

void pace_waited(struct pace *p, int64_t ns)
{
	p->period.waited_ns += ns;
}
