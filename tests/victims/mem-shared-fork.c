/* SPDX-License-Identifier: MIT */
/* mem-shared-fork - memory shared with children stays shared with them */
#include "victim.h"

#define CHILDREN	4
#define SIZE	(256 * 1024)

static struct slot {
	volatile int ready, turn, answer;
} *slot;
static unsigned char *bulk;
static int number;

static void child(void)
{
	slot[number].ready = 1;
	victim_wait();
	same_fill(bulk, SIZE, 8);
	while (!slot[number].turn)
		victim_sleep(0.001);
	slot[number].answer = slot[number].turn * 2;
}

void victim(void)
{
	pid_t pid[CHILDREN];

	slot = AREA_SHARED(4096);
	bulk = AREA_SHARED(SIZE);
	fill(bulk, SIZE, 8);
	for (number = 0; number < CHILDREN; number++)
		pid[number] = victim_child(child);
	for (int i = 0; i < CHILDREN; i++)
		while (!slot[i].ready)
			victim_sleep(0.001);
	victim_move();
	for (int i = 0; i < CHILDREN; i++)
		slot[i].turn = i + 100;
	for (int i = 0; i < CHILDREN; i++) {
		victim_reap(pid[i], 0);
		same(slot[i].answer, 2 * (i + 100));
	}
	same_fill(bulk, SIZE, 8);
}
