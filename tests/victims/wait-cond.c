/* SPDX-License-Identifier: MIT */
/* wait-cond - pthread_cond_timedwait(3) that nobody signals */
#include "timed.h"

static void timed_wait(void)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct timespec ts = timed_until(CLOCK_REALTIME);
	int err;

	zero(pthread_mutex_lock(&mutex));
	do
		err = pthread_cond_timedwait(&cond, &mutex, &ts);
	while (err == 0);
	same(err, ETIMEDOUT);
	zero(pthread_mutex_unlock(&mutex));
}
