/* SPDX-License-Identifier: MIT */
/* wait-sem - sem_timedwait(3) on a semaphore that stays 0 */
#include "timed.h"

#include <semaphore.h>

static void timed_wait(void)
{
	struct timespec ts = timed_until(CLOCK_REALTIME);
	sem_t sem;

	must(sem_init(&sem, 0, 0));
	refused(sem_timedwait(&sem, &ts), ETIMEDOUT);
}
