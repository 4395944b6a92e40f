/* SPDX-License-Identifier: MIT */
/* seccomp-threads - each thread has a filter of its own, the main one none */
#include "seccomp.h"

#define COUNT 8

static void *filtered(void *arg)
{
	long n = (long)arg;

	must(filter_call(SYS_getppid, fails_with(n), 0));
	victim_arrive();
	victim_wait();
	refused(syscall(SYS_getppid), n);
	return NULL;
}

void victim(void)
{
	pthread_t t[COUNT];

	need_root();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	for (long i = 0; i < COUNT; i++)
		t[i] = victim_thread(filtered, (void *)(i + 1));
	victim_gather(COUNT);
	victim_move();
	check(syscall(SYS_getppid) >= 0);
	for (int i = 0; i < COUNT; i++)
		zero(pthread_join(t[i], NULL));
}
