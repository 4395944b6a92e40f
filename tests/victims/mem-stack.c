/* SPDX-License-Identifier: MIT */
/* mem-stack - the stack grows by megabytes after the move, and keeps what
 * was on it; a thread's stack has its fixed size */
#include "victim.h"

static volatile int turn;

__attribute__((noinline)) static int deep(int depth, bool move_at_bottom)
{
	volatile unsigned char frame[8192];

	for (size_t i = 0; i < sizeof(frame); i += 64)
		frame[i] = depth + i / 64;
	if (depth > 0)
		deep(depth - 1, move_at_bottom);
	else if (move_at_bottom)
		victim_move();
	for (size_t i = 0; i < sizeof(frame); i += 64)
		same(frame[i], (unsigned char)(depth + i / 64));
	return turn;
}

static void *run(void *arg)
{
	deep(500, false);
	return arg;
}

void victim(void)
{
	/* 1 MiB deep when it is moved, 7 MiB afterwards. */
	deep(120, true);
	deep(880, false);
	zero(pthread_join(victim_thread(run, NULL), NULL));
}
