/* SPDX-License-Identifier: MIT */
/* timer-overrun - a timer whose signal is blocked: one waits, others are
 * counted, before as after the move */
#include "victim.h"

void victim(void)
{
	struct itimerspec it = { { 0, 1000000 }, { 0, 1000000 } }, off = { 0 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN,
				  .sigev_value.sival_int = 99 };
	struct timespec none = { 0, 0 };
	timer_t timer;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	zero(pthread_sigmask(SIG_BLOCK, &set, NULL));
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &it, NULL));
	victim_sleep(0.02);
	victim_move();
	/* The one that had expired long ago is there at once. */
	same(must(sigtimedwait(&set, &info, &none)), SIGRTMIN);
	same(info.si_int, 99);
	same(info.si_code, SI_TIMER);
	victim_sleep(0.05);
	same(sigwaitinfo(&set, &info), SIGRTMIN);
	if (timer_getoverrun(timer) < 10)
		victim_fail("50 ms at 1 ms: %d overruns",
			    timer_getoverrun(timer));
	must(timer_settime(timer, 0, &off, NULL));
	while (sigtimedwait(&set, &info, &none) > 0)
		;
	victim_sleep(0.01);
	refused(sigtimedwait(&set, &info, &none), EAGAIN);
}
