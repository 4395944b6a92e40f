/* SPDX-License-Identifier: MIT */
/* sleep-nanosleep - nanosleep(2) goes on with the time that was left */
#include "timed.h"

static void timed_wait(void)
{
	struct timespec ts = TIMED_TS, left = { 9, 9 };

	must(nanosleep(&ts, &left));
	/* Only an interrupted call writes it. */
	same(left.tv_sec, 9);
}
