/* SPDX-License-Identifier: MIT */
/* regs-threads - eight threads in busy loops, each with its own registers */
#include "victim.h"

#define THREADS	8

static volatile int stop;

static void *run(void *arg)
{
	register uint64_t r12 __asm__("r12") = (uint64_t)arg * 0x1111111111ull;
	register uint64_t r13 __asm__("r13") = ~(uint64_t)arg;
	double x = (uint64_t)arg * 1.5, y = (uint64_t)arg / 3.0;

	__asm__ volatile("" : "+r"(r12), "+r"(r13), "+x"(x), "+x"(y));
	victim_arrive();
	while (!stop)
		__asm__ volatile("pause" : "+r"(r12), "+r"(r13), "+x"(x),
				 "+x"(y));
	same(r12, (uint64_t)arg * 0x1111111111ull);
	same(r13, ~(uint64_t)arg);
	check(x == (uint64_t)arg * 1.5 && y == (uint64_t)arg / 3.0);
	return NULL;
}

void victim(void)
{
	pthread_t thread[THREADS];

	for (uint64_t i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)(i + 1));
	victim_gather(THREADS);
	victim_move();
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
