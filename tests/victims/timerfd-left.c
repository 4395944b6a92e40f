/* SPDX-License-Identifier: MIT */
/* timerfd-left - timers set for so long have that left, less what has passed;
 * clocks, intervals, flags, one that is not set */
#include "timerfd.h"

static const struct row {
	int clock, flags;
	double value, interval;
} rows[] = {
	{ CLOCK_MONOTONIC, 0, 1000, 0 },
	{ CLOCK_REALTIME, TFD_NONBLOCK, 2000.5, 3.25 },
	{ CLOCK_BOOTTIME, TFD_CLOEXEC, 3000, 7 },
	{ CLOCK_MONOTONIC, TFD_NONBLOCK, 0, 0 },
	{ CLOCK_MONOTONIC, 0, 4e9, 1e9 },
};
#define COUNT	(int)(sizeof(rows) / sizeof(*rows))

void victim(void)
{
	struct itimerspec it;
	int fd[COUNT];

	for (int i = 0; i < COUNT; i++) {
		fd[i] = must(timerfd_create(rows[i].clock, rows[i].flags));
		if (rows[i].value)
			set_in(fd[i], rows[i].value, rows[i].interval);
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		char path[64];
		double left;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd[i]);
		same(atoi(field(path, "clockid")), rows[i].clock);
		same(atoi(field(path, "ticks")), 0);
		same(fcntl(fd[i], F_GETFD),
		     rows[i].flags & TFD_CLOEXEC ? FD_CLOEXEC : 0);
		same(file_flags(fd[i]), O_RDWR |
		     (rows[i].flags & TFD_NONBLOCK ? O_NONBLOCK : 0));
		must(timerfd_gettime(fd[i], &it));
		same(seconds(&it.it_interval) * 1e9, rows[i].interval * 1e9);
		left = seconds(&it.it_value);
		if (left > rows[i].value || left < rows[i].value - 100)
			victim_fail("timer %d has %.3f s left of %.3f", i, left,
				    rows[i].value);
		/* It goes off. */
		set_in(fd[i], 0.001, 0);
		must(fcntl(fd[i], F_SETFL, 0));
		same(ticks(fd[i]), 1);
	}
}
