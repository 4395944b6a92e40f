/* SPDX-License-Identifier: MIT */
/* thread-names - every thread keeps its name, odd characters included */
#include "victim.h"

#include <sys/prctl.h>

static const char *const names[] = {
	"worker-1", "a b", "(x) R 1", "fifteen-letters", "", "new\nline",
	"\xc3\xa4\xff",
};
#define THREADS	(int)(sizeof(names) / sizeof(*names))

static void *run(void *arg)
{
	char now[16] = "";

	must(prctl(PR_SET_NAME, arg));
	victim_arrive();
	victim_wait();
	must(prctl(PR_GET_NAME, now));
	same_text(now, (const char *)arg);
	return NULL;
}

void victim(void)
{
	pthread_t thread[THREADS];
	char now[16] = "";

	must(prctl(PR_SET_NAME, "leader"));
	for (int i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)names[i]);
	victim_gather(THREADS);
	victim_move();
	must(prctl(PR_GET_NAME, now));
	same_text(now, "leader");
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
