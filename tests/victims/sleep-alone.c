/* SPDX-License-Identifier: MIT */
/* sleep-alone - a process with one thread sleeps, its parent has the clock */
#include "timed.h"

static void sleeper(void)
{
	struct timespec ts = TIMED_TS;

	must(nanosleep(&ts, NULL));
}

static void timed_wait(void)
{
	victim_reap(victim_child(sleeper), 0);
}
