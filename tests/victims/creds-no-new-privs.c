/* SPDX-License-Identifier: MIT */
/* creds-no-new-privs - PR_SET_NO_NEW_PRIVS, in one thread of two */
#include "victim.h"

#include <sys/prctl.h>

static void *run(void *arg)
{
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	victim_arrive();
	victim_wait();
	same(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	return arg;
}

void victim(void)
{
	pthread_t thread = victim_thread(run, NULL);

	victim_gather(1);
	victim_move();
	same(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	zero(pthread_join(thread, NULL));
}
