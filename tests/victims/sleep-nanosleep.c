/* SPDX-License-Identifier: MIT */
/* sleep-nanosleep - nanosleep(2) goes on with the time that was left */
#include "timed.h"

static void timed_wait(void)
{
	/* The kernel writes it at any stop, so it says nothing here. */
	struct timespec ts = TIMED_TS, left;

	must(nanosleep(&ts, &left));
}
