/* SPDX-License-Identifier: MIT */
/* wait-sigtimedwait - sigtimedwait(2) for a signal that does not come
 *
 * The kernel answers EINTR to whoever interrupts this one (signal(7)), a stop
 * included, so programs repeat it; what must hold is that it never says that
 * a signal came, and that the time is not cut short.
 */
#include "timed.h"

static void timed_wait(void)
{
	struct timespec ts = TIMED_TS;
	sigset_t set;
	double end = victim_now() + SECONDS, left;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	do {
		check(sigtimedwait(&set, NULL, &ts) == -1);
		err = errno;
		left = end - victim_now();
		if (left <= 0)
			left = 0;
		ts.tv_sec = left;
		ts.tv_nsec = (left - ts.tv_sec) * 1e9;
	} while (err == EINTR);
	same(err, EAGAIN);
}
