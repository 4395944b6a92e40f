/* SPDX-License-Identifier: MIT */
/* static.h - a little of everything, for programs linked in other ways */
#include "victim.h"

static _Thread_local int own = 5;

static void *run(void *arg)
{
	own += (int)(long)arg;
	victim_arrive();
	victim_wait();
	same(own, 5 + (long)arg);
	return arg;
}

static void child(void)
{
	victim_wait();
	_exit(3);
}

void victim(void)
{
	pid_t pid = victim_child(child);
	pthread_t thread[4];
	unsigned char *block = malloc(1 << 20);
	double before;
	int ends[2];
	char byte;

	must(pipe(ends));
	same(write(ends[1], "x", 1), 1);
	fill(block, 1 << 20, 1);
	for (long i = 0; i < 4; i++)
		thread[i] = victim_thread(run, (void *)(i + 1));
	victim_gather(4);
	before = victim_now();
	victim_move();
	check(victim_now() >= before);
	for (int i = 0; i < 4; i++)
		zero(pthread_join(thread[i], NULL));
	same_fill(block, 1 << 20, 1);
	free(block);
	same(read(ends[0], &byte, 1), 1);
	same(own, 5);
	victim_reap(pid, 3);
}
