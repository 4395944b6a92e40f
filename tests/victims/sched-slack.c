/* SPDX-License-Identifier: MIT */
/* sched-slack - how late a thread's timers may be, set per thread */
#include "victim.h"

#include <sys/prctl.h>

static void *run(void *arg)
{
	must(prctl(PR_SET_TIMERSLACK, (long)arg));
	victim_arrive();
	victim_wait();
	same(prctl(PR_GET_TIMERSLACK), (long)arg);
	return NULL;
}

void victim(void)
{
	pthread_t a, b;

	a = victim_thread(run, (void *)1234);
	b = victim_thread(run, (void *)999999);
	must(prctl(PR_SET_TIMERSLACK, 100000));
	victim_gather(2);
	victim_move();
	same(prctl(PR_GET_TIMERSLACK), 100000);
	zero(pthread_join(a, NULL));
	zero(pthread_join(b, NULL));
}
