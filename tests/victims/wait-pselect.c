/* SPDX-License-Identifier: MIT */
/* wait-pselect - pselect(2) on a silent pipe, with a mask of its own */
#include "timed.h"

#include <sys/select.h>

static void timed_wait(void)
{
	struct timespec ts = TIMED_TS;
	sigset_t mask, after;
	fd_set set;
	int ends[2];

	must(pipe(ends));
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	same(pselect(ends[0] + 1, &set, NULL, NULL, &ts, &mask), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	same(sigismember(&after, SIGUSR2), 0);
}
