/* SPDX-License-Identifier: MIT */
/* wait-ppoll - ppoll(2) on a silent pipe, with a mask of its own */
#include "timed.h"

#include <poll.h>

static void timed_wait(void)
{
	struct pollfd fd = { .events = POLLIN };
	struct timespec ts = TIMED_TS;
	sigset_t mask, before, after;
	int ends[2];

	must(pipe(ends));
	fd.fd = ends[0];
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	same(ppoll(&fd, 1, &ts, &mask), 0);
	/* The mask was the call's alone. */
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	same(sigismember(&after, SIGUSR1), sigismember(&before, SIGUSR1));
}
