/* SPDX-License-Identifier: MIT */
/* timerfd-alarm - timers of clocks that wake a machine up */
#include "timerfd.h"

static const int clocks[] = { CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM };

void victim(void)
{
	struct itimerspec it;
	int fd[2];

	for (int i = 0; i < 2; i++) {
		fd[i] = timerfd_create(clocks[i], 0);
		if (fd[i] < 0)
			victim_skip("no timers of clock %d: %s", clocks[i],
				    strerror(errno));
		set_in(fd[i], 500, i);
	}
	victim_move();
	for (int i = 0; i < 2; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd[i]);
		same(atoi(field(path, "clockid")), clocks[i]);
		must(timerfd_gettime(fd[i], &it));
		check(seconds(&it.it_value) > 300 &&
		      seconds(&it.it_value) <= 500);
		same(seconds(&it.it_interval), i);
		set_in(fd[i], 0.001, 0);
		same(ticks(fd[i]), 1);
	}
}
