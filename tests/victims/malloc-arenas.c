/* SPDX-License-Identifier: MIT */
/* malloc-arenas - threads that allocate and free all the time, moved amid */
#include "victim.h"

#define THREADS	8
#define BLOCKS	300

static volatile int stop;

static void *run(void *arg)
{
	struct { unsigned char *at; size_t size; uint64_t seed; } block[BLOCKS];
	uint64_t state = (uint64_t)arg;

	memset(block, 0, sizeof(block));
	victim_arrive();
	for (long round = 0; !stop || round < 5000; round++) {
		int i;

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		i = (state >> 33) % BLOCKS;
		if (block[i].at)
			same_fill(block[i].at, block[i].size, block[i].seed);
		free(block[i].at);
		block[i].size = (state >> 40) % 3000 + 1;
		/* Some are large enough for a mapping of their own. */
		if ((state >> 20) % 500 == 0)
			block[i].size += 200000;
		block[i].seed = state;
		block[i].at = malloc(block[i].size);
		check(block[i].at);
		fill(block[i].at, block[i].size, block[i].seed);
		if (round == 1000)
			victim_arrive();
	}
	for (int i = 0; i < BLOCKS; i++)
		free(block[i].at);
	return NULL;
}

void victim(void)
{
	pthread_t thread[THREADS];

	for (uint64_t i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)(i + 1));
	victim_gather(2 * THREADS);
	victim_move();
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		zero(pthread_join(thread[i], NULL));
}
