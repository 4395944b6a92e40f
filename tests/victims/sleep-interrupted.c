/* SPDX-License-Identifier: MIT */
/* sleep-interrupted - a sleep that was moved is then ended by a signal, and
 * says how much was left */
#include "victim.h"

static volatile pid_t tid;
static double begin, end;
static struct timespec left;

static void handler(int signal)
{
	(void)signal;
}

static void *run(void *arg)
{
	struct timespec ts = { 100, 0 };

	(void)arg;
	tid = syscall(SYS_gettid);
	begin = victim_now();
	victim_arrive();
	refused(nanosleep(&ts, &left), EINTR);
	end = victim_now();
	return NULL;
}

void victim(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	pthread_t thread;
	double slept, said;

	must(sigaction(SIGUSR1, &sa, NULL));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(tid, SYS_clock_nanosleep);
	victim_sleep(0.8);
	victim_move();
	zero(pthread_kill(thread, SIGUSR1));
	zero(pthread_join(thread, NULL));
	slept = end - begin;
	said = 100 - (left.tv_sec + left.tv_nsec / 1e9);
	if (said > slept + 0.01 || said < slept - victim_frozen() - 0.5)
		victim_fail("slept %.3f s, of them %.3f frozen, and was told "
			    "%.3f", slept, victim_frozen(), said);
}
