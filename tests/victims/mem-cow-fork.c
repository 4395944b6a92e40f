/* SPDX-License-Identifier: MIT */
/* mem-cow-fork - after a fork, private pages are each one's own
 *
 * Pages that parent and child still share under the hood are equal and must
 * part when either writes.
 */
#include "victim.h"

#define SIZE	(1ul << 20)

static unsigned char *block;
static volatile int *written;

static void child(void)
{
	fill(block, 4096, 2);
	*written = 1;
	victim_wait();
	same_fill(block, 4096, 2);
	same_fill(block + 8192, SIZE - 8192, 7);
	block[8192] ^= 1;
	*written = 2;
	while (*written != 3)
		victim_sleep(0.001);
	block[8192] ^= 1;
	same_fill(block + 8192, SIZE - 8192, 7);
}

void victim(void)
{
	pid_t pid;

	written = AREA_SHARED(4096);
	block = AREA_ANON(SIZE);
	fill(block, 4096, 1);
	fill(block + 8192, SIZE - 8192, 7);
	pid = victim_child(child);
	while (*written != 1)
		victim_sleep(0.001);
	victim_move();
	while (*written != 2)
		victim_sleep(0.001);
	same_fill(block, 4096, 1);
	same_fill(block + 8192, SIZE - 8192, 7);
	block[SIZE - 1] ^= 0xff;
	*written = 3;
	victim_reap(pid, 0);
}
