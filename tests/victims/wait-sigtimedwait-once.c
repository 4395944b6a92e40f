/* SPDX-License-Identifier: MIT */
/* wait-sigtimedwait-once - not even EINTR tells sigtimedwait(2) of a move */
#include "timed.h"

static void timed_wait(void)
{
	struct timespec ts = TIMED_TS;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	refused(sigtimedwait(&set, NULL, &ts), EAGAIN);
}
