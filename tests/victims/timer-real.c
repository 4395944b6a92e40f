/* SPDX-License-Identifier: MIT */
/* timer-real - ITIMER_REAL: one that ticks, and what was left of a long one */
#include "victim.h"

#include <sys/time.h>

#define LONG_S	1000

static volatile int ticks;

static void handler(int signal)
{
	(void)signal;
	ticks++;
}

/* A child has the long one. */
static void child(void)
{
	struct itimerval it = { .it_value = { LONG_S, 0 },
				.it_interval = { 7, 8000 } };
	double begin = victim_now(), gone, counted;

	must(setitimer(ITIMER_REAL, &it, NULL));
	victim_wait();
	must(getitimer(ITIMER_REAL, &it));
	gone = victim_now() - begin;
	counted = LONG_S - it.it_value.tv_sec - it.it_value.tv_usec / 1e6;
	if (counted > gone + 0.01 || counted < gone - victim_frozen() - 0.2)
		victim_fail("%.3f s are gone, %.3f of them frozen, but the "
			    "timer counted %.3f", gone, victim_frozen(),
			    counted);
	same(it.it_interval.tv_sec, 7);
	/* The kernel rounds to its tick, if to anything. */
	check(labs(it.it_interval.tv_usec - 8000) < 4001);
}

void victim(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct itimerval it = { .it_value = { 0, 5000 },
				.it_interval = { 0, 5000 } };
	pid_t pid;
	int before;

	must(sigaction(SIGALRM, &sa, NULL));
	pid = victim_child(child);
	must(setitimer(ITIMER_REAL, &it, NULL));
	victim_sleep(0.3);
	check(ticks > 1);
	victim_move();
	must(getitimer(ITIMER_REAL, &it));
	same(it.it_interval.tv_usec, 5000);
	before = ticks;
	while (ticks < before + 5)
		victim_sleep(0.001);
	victim_reap(pid, 0);
}
