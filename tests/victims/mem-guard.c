/* SPDX-License-Identifier: MIT */
/* mem-guard - writes next to memory fault as before: PROT_NONE, read-only,
 * nothing there at all, and the guard below a thread's stack */
#include "victim.h"

#include <setjmp.h>

#define PAGE	4096

static _Thread_local sigjmp_buf back;
static _Thread_local volatile void *faulted;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	faulted = info->si_addr;
	siglongjmp(back, 1);
}

static void faults(volatile char *at)
{
	faulted = NULL;
	if (sigsetjmp(back, 1) == 0)
		*at = 1;
	check(faulted == at);
}

static void *run(void *arg)
{
	pthread_attr_t attr;
	size_t size, guard;
	void *low;

	(void)arg;
	zero(pthread_getattr_np(pthread_self(), &attr));
	zero(pthread_attr_getstack(&attr, &low, &size));
	zero(pthread_attr_getguardsize(&attr, &guard));
	check(guard >= PAGE);
	victim_arrive();
	victim_wait();
	faults((char *)low - 1);
	*(volatile char *)low = 1;
	return NULL;
}

void victim(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	pthread_t thread;
	char *block = AREA_ANON(5 * PAGE);

	sa.sa_sigaction = handler;
	must(sigaction(SIGSEGV, &sa, NULL));
	fill(block, 5 * PAGE, 1);
	must(mprotect(block, PAGE, PROT_NONE));
	must(mprotect(block + 3 * PAGE, PAGE, PROT_READ));
	must(munmap(block + 4 * PAGE, PAGE));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_move();
	faults(block + PAGE - 1);
	faults(block);
	faults(block + 3 * PAGE);
	faults(block + 4 * PAGE);
	same(block[3 * PAGE + 5], block[3 * PAGE + 5]);
	block[PAGE] = 1;
	block[3 * PAGE - 1] = 1;
	zero(pthread_join(thread, NULL));
}
