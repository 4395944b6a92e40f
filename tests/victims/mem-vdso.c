/* SPDX-License-Identifier: MIT */
/* mem-vdso - the clocks that are read without a system call
 *
 * Threads are in the middle of reading them when they are moved.  Time goes
 * forwards, agrees with the kernel's, and the processor number is one.
 */
#include "victim.h"

#include <sched.h>
#include <sys/time.h>

static volatile int stop;

static double clock_of(clockid_t clock, bool kernel)
{
	struct timespec ts;

	if (kernel)
		must(syscall(SYS_clock_gettime, clock, &ts));
	else
		must(clock_gettime(clock, &ts));
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void agree(clockid_t clock)
{
	double before = clock_of(clock, true), now = clock_of(clock, false);
	double after = clock_of(clock, true);

	/* Coarse clocks lag by a tick. */
	if (now < before - 0.02 || now > after + 0.02)
		victim_fail("clock %d: %f, by the kernel %f to %f", clock, now,
			    before, after);
}

static void *run(void *arg)
{
	double last = 0;

	victim_arrive();
	while (!stop) {
		double now = clock_of(CLOCK_MONOTONIC, false);

		if (now < last)
			victim_fail("the clock went back from %f to %f", last,
				    now);
		last = now;
	}
	return arg;
}

void victim(void)
{
	static const clockid_t clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
		CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
		CLOCK_MONOTONIC_COARSE, CLOCK_TAI,
	};
	pthread_t thread[2];
	struct timeval tv;
	unsigned int cpu = ~0u, node = ~0u;

	for (int i = 0; i < 2; i++)
		thread[i] = victim_thread(run, NULL);
	victim_gather(2);
	victim_move();
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++)
		agree(clocks[i]);
	must(gettimeofday(&tv, NULL));
	check(labs(tv.tv_sec - time(NULL)) <= 1);
	must(getcpu(&cpu, &node));
	check((long)cpu < sysconf(_SC_NPROCESSORS_CONF));
	stop = 1;
	for (int i = 0; i < 2; i++)
		zero(pthread_join(thread[i], NULL));
}
