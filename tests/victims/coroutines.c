/* SPDX-License-Identifier: MIT */
/* coroutines - contexts on stacks of their own, one of them running */
#include "victim.h"

#include <ucontext.h>

#define ROUTINES	3
#define STACK		65536

static ucontext_t home, routine[ROUTINES];
static int steps[ROUTINES];

static void run(int self)
{
	for (;;) {
		steps[self]++;
		/* The move comes on a stack that mmap knows, not the kernel. */
		if (self == 1 && steps[self] == 2)
			victim_move();
		swapcontext(&routine[self], &home);
	}
}

static void make(int self)
{
	must(getcontext(&routine[self]));
	routine[self].uc_stack.ss_sp = malloc(STACK);
	routine[self].uc_stack.ss_size = STACK;
	makecontext(&routine[self], (void (*)(void))run, 1, self);
}

void victim(void)
{
	for (int i = 0; i < ROUTINES; i++)
		make(i);
	for (int round = 0; round < 4; round++)
		for (int i = 0; i < ROUTINES; i++)
			must(swapcontext(&home, &routine[i]));
	for (int i = 0; i < ROUTINES; i++)
		same(steps[i], 4);
}
