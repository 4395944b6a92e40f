/* SPDX-License-Identifier: MIT */
/* timerfd.h - short words for victims with timers to be read */
#include <sys/timerfd.h>

#include "victim.h"

static inline struct itimerspec in(double value, double interval)
{
	struct itimerspec it;

	it.it_value.tv_sec = value;
	it.it_value.tv_nsec = (value - it.it_value.tv_sec) * 1e9;
	it.it_interval.tv_sec = interval;
	it.it_interval.tv_nsec = (interval - it.it_interval.tv_sec) * 1e9;
	return it;
}

static inline double seconds(const struct timespec *t)
{
	return t->tv_sec + t->tv_nsec * 1e-9;
}

static inline double clock_seconds(clockid_t clock)
{
	struct timespec t;

	must(clock_gettime(clock, &t));
	return seconds(&t);
}

static inline void set_in(int fd, double value, double interval)
{
	struct itimerspec it = in(value, interval);

	must(timerfd_settime(fd, 0, &it, NULL));
}

static inline uint64_t ticks(int fd)
{
	uint64_t n;

	same(read(fd, &n, sizeof(n)), 8);
	return n;
}
