/* SPDX-License-Identifier: MIT */
/* sleep-usleep - usleep(3): there is nowhere to write the time left to */
#include "timed.h"

static void timed_wait(void)
{
	must(usleep(TIMED_MS * 1000));
}
