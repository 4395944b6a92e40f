/* SPDX-License-Identifier: MIT */
/* timerfd-absolute - timers set for a moment go off at that moment by their
 * clock, not before and not much later */
#include <poll.h>

#include "timerfd.h"

#define AHEAD	2.0

static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME };

void victim(void)
{
	double moment[3], far[3];
	int fd[3], later[3];

	for (int i = 0; i < 3; i++) {
		struct itimerspec it;

		fd[i] = must(timerfd_create(clocks[i], 0));
		later[i] = must(timerfd_create(clocks[i], 0));
		moment[i] = clock_seconds(clocks[i]) + AHEAD;
		far[i] = moment[i] + 5000;
		it = in(moment[i], 10);
		must(timerfd_settime(fd[i], TFD_TIMER_ABSTIME, &it, NULL));
		it = in(far[i], 0);
		must(timerfd_settime(later[i], TFD_TIMER_ABSTIME, &it, NULL));
	}
	victim_move();
	for (int i = 0; i < 3; i++) {
		struct pollfd p = { .fd = fd[i], .events = POLLIN };
		bool waits = clock_seconds(clocks[i]) < moment[i];
		struct itimerspec it;
		double now, left;

		same(poll(&p, 1, 60000), 1);
		now = clock_seconds(clocks[i]);
		if (now < moment[i] - 0.0001)
			victim_fail("clock %d: %.6f s too early", clocks[i],
				    moment[i] - now);
		if (waits && now > moment[i] + 0.5)
			victim_fail("clock %d: %.3f s too late", clocks[i],
				    now - moment[i]);
		must(timerfd_gettime(later[i], &it));
		left = far[i] - clock_seconds(clocks[i]);
		if (seconds(&it.it_value) < left - 0.1 ||
		    seconds(&it.it_value) > left + 0.1)
			victim_fail("clock %d: %.3f s are left, should be %.3f",
				    clocks[i], seconds(&it.it_value), left);
		/* Its period counts from that moment. */
		must(timerfd_gettime(fd[i], &it));
		left = moment[i] + 10 - clock_seconds(clocks[i]);
		while (left < 0)
			left += 10;
		if (seconds(&it.it_value) < left - 0.1 ||
		    seconds(&it.it_value) > left + 0.1)
			victim_fail("clock %d: %.3f s to its next tick, should "
				    "be %.3f", clocks[i],
				    seconds(&it.it_value), left);
	}
}
