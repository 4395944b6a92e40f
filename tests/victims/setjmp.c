/* SPDX-License-Identifier: MIT */
/* setjmp - a jump over frames that were there before the move */
#include "victim.h"

#include <setjmp.h>

static jmp_buf outer;
static sigjmp_buf inner;

__attribute__((noinline)) static void deep(int depth)
{
	volatile char pad[100];

	pad[0] = depth;
	if (depth) {
		deep(depth - 1);
		same(pad[0], depth);
		return;
	}
	if (sigsetjmp(inner, 1) == 0) {
		victim_move();
		siglongjmp(inner, 7);
	}
	longjmp(outer, 5);
}

void victim(void)
{
	volatile int kept = 11;
	int came = setjmp(outer);

	if (came == 0) {
		kept = 12;
		deep(100);
	}
	same(came, 5);
	same(kept, 12);
}
