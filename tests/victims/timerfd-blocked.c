/* SPDX-License-Identifier: MIT */
/* timerfd-blocked - a thread that waits in a read of a timer wakes up when
 * that goes off */
#include <sys/timerfd.h>

#include "timed.h"

static void timed_wait(void)
{
	struct itimerspec it = { .it_value = TIMED_TS };
	int fd = must(timerfd_create(CLOCK_MONOTONIC, 0));
	uint64_t n;

	must(timerfd_settime(fd, 0, &it, NULL));
	same(read(fd, &n, sizeof(n)), 8);
	same(n, 1);
}
