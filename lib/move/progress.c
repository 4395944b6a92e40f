/* SPDX-License-Identifier: MIT */
/* progress.c - how far a move has come, for the one who waits for it */
#include "move/progress.h"

#include <inttypes.h>

#include "base/clock.h"
#include "image/records.h"

#define EVERY_NS	200000000ll

static const char *const phases[] = {
	[LIVE_ROUND] = "round", [LIVE_FROZEN] = "frozen",
	[LIVE_RUN] = "running there", [LIVE_DONE] = "done",
};

static double mib(double bytes)
{
	return bytes / (1 << 20);
}

static int64_t since(const struct progress *p)
{
	return (monotonic_ns() - p->start_ns) / 1000000;
}

static void begin(struct progress *p)
{
	if (p->start_ns)
		return;
	p->start_ns = monotonic_ns();
	p->phase = "frozen";
}

/* Seconds that are left of what is known to come, at this rate. */
static double seconds_left(const struct progress *p)
{
	return p->rate > 0 && p->total > p->bytes ?
		(p->total - p->bytes) / p->rate : 0;
}

static void say_line(struct progress *p)
{
	fprintf(p->to, "\r%s", p->phase);
	if (p->round)
		fprintf(p->to, " %u", p->round);
	fprintf(p->to, ": %.0f MiB", mib(p->bytes));
	if (p->total)
		fprintf(p->to, " of about %.0f", mib(p->total));
	if (p->rate > 0)
		fprintf(p->to, ", %.0f MiB/s", mib(p->rate));
	if (p->write_rate > 0)
		fprintf(p->to, ", written %.0f MiB/s", mib(p->write_rate));
	if (seconds_left(p) >= 1)
		fprintf(p->to, ", %.0f s left", seconds_left(p));
	fprintf(p->to, "\033[K");
	fflush(p->to);
	p->open_line = true;
}

static void say(struct progress *p)
{
	if (p->form == PROGRESS_LINE) {
		say_line(p);
	} else {
		fprintf(p->to, "{\"event\":\"progress\",\"phase\":\"%s\","
			"\"bytes\":%" PRIu64 ",\"total\":%" PRIu64
			",\"rate\":%.0f,\"write_rate\":%.0f,\"ms\":%" PRId64
			"}\n", p->phase, p->bytes, p->total, p->rate,
			p->write_rate, since(p));
		fflush(p->to);
	}
}

void progress_phase(struct progress *p, unsigned live_phase, unsigned round,
		    uint64_t pages)
{
	if (!p || p->form == PROGRESS_NONE)
		return;
	begin(p);
	p->phase = phases[live_phase];
	p->round = round;
	if (live_phase == LIVE_FROZEN)
		p->frozen_ns = monotonic_ns();
	if (p->form == PROGRESS_JSON) {
		fprintf(p->to, "{\"event\":\"phase\",\"phase\":\"%s\","
			"\"round\":%u,\"pages\":%" PRIu64 ",\"bytes\":%" PRIu64
			",\"ms\":%" PRId64 "}\n", p->phase, round, pages,
			p->bytes, since(p));
		fflush(p->to);
	}
}

void progress_rates(struct progress *p, double rate, double write_rate)
{
	if (!p)
		return;
	p->rate = rate;
	p->write_rate = write_rate;
}

void progress_bytes(struct progress *p, uint64_t bytes)
{
	int64_t now;

	if (!p || p->form == PROGRESS_NONE)
		return;
	begin(p);
	p->bytes = bytes;
	now = monotonic_ns();
	if (now - p->said_ns < EVERY_NS)
		return;
	/* What comes at once need not be said to be coming. */
	if (!p->said_ns && now - p->start_ns < EVERY_NS)
		return;
	if (now > p->start_ns && p->rate == 0)
		p->rate = bytes * 1e9 / (now - p->start_ns);
	p->said_ns = now;
	say(p);
}

void progress_clear(struct progress *p)
{
	if (!p || p->form != PROGRESS_LINE)
		return;
	if (p->open_line)
		fprintf(p->to, "\r\033[K");
	fflush(p->to);
	p->form = PROGRESS_NONE;
}

void progress_done(struct progress *p, bool well)
{
	if (!p || p->form == PROGRESS_NONE)
		return;
	progress_clear(p);
	if (p->form == PROGRESS_JSON && p->start_ns)
		fprintf(p->to, "{\"event\":\"%s\",\"bytes\":%" PRIu64
			",\"ms\":%" PRId64 ",\"frozen_ms\":%.1f}\n",
			well ? "done" : "failed", p->bytes, since(p),
			p->frozen_ns ? (monotonic_ns() - p->frozen_ns) / 1e6 :
			0.0);
	fflush(p->to);
}
