/* SPDX-License-Identifier: MIT */
/* thread-tsc - one thread may not read the time stamp counter, another may */
#include <setjmp.h>
#include <sys/prctl.h>
#include <x86intrin.h>

#include "victim.h"

static sigjmp_buf out;

static void fault(int sig)
{
	siglongjmp(out, sig);
}

static bool may_read(void)
{
	if (sigsetjmp(out, 1))
		return false;
	(void)__rdtsc();
	return true;
}

static void *forbidden(void *arg)
{
	int mode = 0;

	must(prctl(PR_SET_TSC, PR_TSC_SIGSEGV));
	/* Clocks of the vDSO read it, too: nothing here may ask for the time. */
	check(!may_read());
	victim_arrive();
	while (!*(volatile int *)arg)
		syscall(SYS_nanosleep, &(struct timespec){ 0, 1000000 }, NULL);
	must(prctl(PR_GET_TSC, &mode));
	same(mode, PR_TSC_SIGSEGV);
	check(!may_read());
	must(prctl(PR_SET_TSC, PR_TSC_ENABLE));
	check(may_read());
	return NULL;
}

void victim(void)
{
	static volatile int go;
	pthread_t t;

	signal(SIGSEGV, fault);
	t = victim_thread(forbidden, (void *)&go);
	victim_gather(1);
	victim_move();
	check(may_read());
	go = 1;
	zero(pthread_join(t, NULL));
}
