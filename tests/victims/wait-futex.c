/* SPDX-License-Identifier: MIT */
/* wait-futex - FUTEX_WAIT with a relative time-out keeps the time left */
#include "timed.h"

static int word = 7;

static void timed_wait(void)
{
	struct timespec ts = TIMED_TS;

	/* FUTEX_WAIT_PRIVATE */
	refused(syscall(SYS_futex, &word, 128, 7, &ts, NULL, 0), ETIMEDOUT);
}
