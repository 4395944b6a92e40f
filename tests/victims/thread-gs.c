/* SPDX-License-Identifier: MIT */
/* thread-gs - the GS base, which programs may use as they like */
#include "victim.h"

#define ARCH_SET_GS	0x1001
#define ARCH_GET_GS	0x1004

static uint64_t read_gs(void)
{
	uint64_t value;

	__asm__ volatile("movq %%gs:8, %0" : "=r"(value));
	return value;
}

static void *run(void *arg)
{
	uint64_t block[2] = { 0, (uint64_t)arg };
	uint64_t base = 0;

	must(syscall(SYS_arch_prctl, ARCH_SET_GS, block));
	victim_arrive();
	victim_wait();
	must(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	same(base, (uint64_t)block);
	same(read_gs(), (uint64_t)arg);
	return NULL;
}

void victim(void)
{
	pthread_t thread = victim_thread(run, (void *)0x5678);
	/* A base that points nowhere is legal as well. */
	uint64_t far = 0x7ff012345000, base = 0;

	victim_gather(1);
	must(syscall(SYS_arch_prctl, ARCH_SET_GS, far));
	victim_move();
	must(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	same(base, far);
	zero(pthread_join(thread, NULL));
}
