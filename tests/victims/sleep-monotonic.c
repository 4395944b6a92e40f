/* SPDX-License-Identifier: MIT */
/* sleep-monotonic - clock_nanosleep(2) until a time on CLOCK_MONOTONIC */
#include "timed.h"

static void timed_wait(void)
{
	struct timespec ts = timed_until(CLOCK_MONOTONIC);

	zero(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
}
