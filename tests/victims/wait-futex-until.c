/* SPDX-License-Identifier: MIT */
/* wait-futex-until - FUTEX_WAIT_BITSET until a time on CLOCK_MONOTONIC */
#include "timed.h"

static int word = 7;

static void timed_wait(void)
{
	struct timespec ts = timed_until(CLOCK_MONOTONIC);

	/* FUTEX_WAIT_BITSET_PRIVATE */
	refused(syscall(SYS_futex, &word, 9 | 128, 7, &ts, NULL, ~0u),
		ETIMEDOUT);
}
