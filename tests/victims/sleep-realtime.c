/* SPDX-License-Identifier: MIT */
/* sleep-realtime - clock_nanosleep(2) until a time on CLOCK_REALTIME */
#include "timed.h"

static void timed_wait(void)
{
	struct timespec ts = timed_until(CLOCK_REALTIME);

	zero(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL));
}
