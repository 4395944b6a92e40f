/* SPDX-License-Identifier: MIT */
/* sleep-boottime - clock_nanosleep(2) for a while on CLOCK_BOOTTIME */
#include "timed.h"

static void timed_wait(void)
{
	struct timespec ts = TIMED_TS, left;

	zero(clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, &left));
}
