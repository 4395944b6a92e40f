/* SPDX-License-Identifier: MIT */
/* timer-cpu - ITIMER_VIRTUAL and ITIMER_PROF count processor time spent */
#include "victim.h"

#include <sys/time.h>

static volatile int virtual, prof;

static void handler(int signal)
{
	if (signal == SIGVTALRM)
		virtual++;
	else
		prof++;
}

static double left(int which)
{
	struct itimerval it;

	must(getitimer(which, &it));
	return it.it_value.tv_sec + it.it_value.tv_usec / 1e6;
}

/* Most of a long one is left; what was spent stays spent. */
static void child(void)
{
	struct itimerval it = { .it_value = { 500, 0 } };
	clock_t end = clock() + CLOCKS_PER_SEC / 4;
	double now;

	must(setitimer(ITIMER_VIRTUAL, &it, NULL));
	must(setitimer(ITIMER_PROF, &it, NULL));
	/* Hardly any of it in the kernel. */
	while (clock() < end)
		for (volatile int i = 0; i < 1000000; i++)
			;
	victim_ready();
	victim_wait();
	for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
		now = left(which);
		if (now > 499.9 || now < 480)
			victim_fail("timer %d: %f s are left", which, now);
	}
}

void victim(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval it = { .it_value = { 0, 20000 },
				.it_interval = { 0, 20000 } };
	int virtual_before, prof_before;
	pid_t pid;

	must(sigaction(SIGVTALRM, &sa, NULL));
	must(sigaction(SIGPROF, &sa, NULL));
	pid = victim_child(child);
	must(setitimer(ITIMER_VIRTUAL, &it, NULL));
	must(setitimer(ITIMER_PROF, &it, NULL));
	victim_wait();
	virtual_before = virtual;
	prof_before = prof;
	while (virtual < virtual_before + 2 || prof < prof_before + 2)
		;
	victim_reap(pid, 0);
}
