/* SPDX-License-Identifier: MIT */
/* thread-tls - each thread's own variables, found by the FS base */
#include "victim.h"

#define THREADS	8
#define ARCH_GET_FS	0x1003

static _Thread_local uint64_t big[512];
static _Thread_local uint64_t initialised = 0x1234;

static uint64_t fs_base(void)
{
	uint64_t base = 0;

	must(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
	return base;
}

static void *run(void *arg)
{
	uint64_t base = fs_base();

	fill(big, sizeof(big), (uint64_t)arg);
	initialised += (uint64_t)arg;
	errno = 1000 + (int)(long)arg;
	victim_arrive();
	victim_gather(THREADS);
	if (arg == (void *)1)
		victim_ready();
	victim_wait();
	same(fs_base(), base);
	same_fill(big, sizeof(big), (uint64_t)arg);
	same(initialised, 0x1234 + (uint64_t)arg);
	same(*(uint64_t *)base, base);
	return NULL;
}

void victim(void)
{
	pthread_t thread[THREADS];

	for (uint64_t i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)(i + 1));
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
