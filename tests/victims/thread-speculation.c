/* SPDX-License-Identifier: MIT */
/* thread-speculation - a thread without speculative store bypass
 * (PR_SET_SPECULATION_CTRL), beside one that has it */
#include <sys/prctl.h>

#include "victim.h"

#define STORE_BYPASS	0
#define DISABLE		4

static int was;

static void *limited(void *arg)
{
	must(prctl(53, STORE_BYPASS, DISABLE, 0, 0));
	was = must(prctl(52, STORE_BYPASS, 0, 0, 0));
	check(was & DISABLE);
	victim_arrive();
	victim_wait();
	same(prctl(52, STORE_BYPASS, 0, 0, 0), was);
	return arg;
}

void victim(void)
{
	int mine = prctl(52, STORE_BYPASS, 0, 0, 0);
	pthread_t t;

	if (mine < 0 || !(mine & 1))
		victim_skip("no choice on this processor (%d)", mine);
	t = victim_thread(limited, NULL);
	victim_gather(1);
	victim_move();
	same(prctl(52, STORE_BYPASS, 0, 0, 0), mine);
	zero(pthread_join(t, NULL));
}
