/* SPDX-License-Identifier: MIT */
/*
 * timed.h - a wait with a time-out, moved in its middle, ends when it should
 *
 * The including victim defines timed_wait(), which waits SECONDS.  A thread
 * does that, the other one watches: the wait may not end early because of the
 * move, and may not begin afresh.  Half of it is over before the move, so a
 * wait begun afresh ends half of it late; time in which nothing ran may count
 * or not count.
 */
#include "victim.h"

#ifndef SECONDS
#define SECONDS		1.6
#endif
#define LATE		0.5

static void timed_wait(void);

/* 1.6 seconds as the system calls want it. */
#define TIMED_TS	{ 1, 600000000 }
#define TIMED_MS	1600
/* Absolute time, 1.6 seconds from now. */
static inline struct timespec timed_until(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_nsec += 600000000;
	ts.tv_sec += 1 + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

static double timed_begin, timed_end;

static void *timed_run(void *arg)
{
	(void)arg;
	timed_begin = victim_now();
	victim_arrive();
	timed_wait();
	timed_end = victim_now();
	return NULL;
}

void victim(void)
{
	pthread_t thread = victim_thread(timed_run, NULL);
	double took;

	victim_gather(1);
	victim_sleep(SECONDS / 2);
	victim_move();
	zero(pthread_join(thread, NULL));
	took = timed_end - timed_begin;
	if (took < SECONDS - 0.001)
		victim_fail("the wait of %.3f s was over after %.3f s",
			    (double)SECONDS, took);
	if (took - victim_frozen() > SECONDS + LATE)
		victim_fail("the wait of %.3f s took %.3f s, %.3f s of them "
			    "frozen", (double)SECONDS, took, victim_frozen());
}
