/* SPDX-License-Identifier: MIT */
/*
 * threads.h - THREADS threads pass a token round, by mutex and condition
 *
 * At every moment one of them runs and the others are blocked in futexes.
 * The token must go on round after the move, and no step may be lost.
 */
#include "victim.h"

static struct station {
	pthread_t thread;
	pthread_cond_t cond;
	long steps;
} station[THREADS];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int holder;		/* whose turn it is */
static long passed;		/* steps in all */
static bool stop;

static void *run(void *arg)
{
	struct station *self = arg;
	int number = self - station;
	long steps = 0;

	victim_arrive();
	zero(pthread_mutex_lock(&mutex));
	while (!stop) {
		if (holder != number) {
			zero(pthread_cond_wait(&self->cond, &mutex));
			continue;
		}
		steps++;
		passed++;
		holder = (number + 1) % THREADS;
		zero(pthread_cond_signal(&station[holder].cond));
	}
	self->steps = steps;
	zero(pthread_mutex_unlock(&mutex));
	return NULL;
}

static long steps_so_far(void)
{
	long now;

	zero(pthread_mutex_lock(&mutex));
	now = passed;
	zero(pthread_mutex_unlock(&mutex));
	return now;
}

static void pass_at_least(long more)
{
	long until = steps_so_far() + more;

	while (steps_so_far() < until)
		victim_sleep(0.001);
}

void victim(void)
{
	long sum = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_cond_init(&station[i].cond, NULL);
	for (int i = 0; i < THREADS; i++)
		station[i].thread = victim_thread(run, &station[i]);
	victim_gather(THREADS);
	pass_at_least(THREADS);
	victim_move();
	pass_at_least(THREADS);
	zero(pthread_mutex_lock(&mutex));
	stop = true;
	for (int i = 0; i < THREADS; i++)
		zero(pthread_cond_signal(&station[i].cond));
	zero(pthread_mutex_unlock(&mutex));
	for (int i = 0; i < THREADS; i++) {
		zero(pthread_join(station[i].thread, NULL));
		sum += station[i].steps;
	}
	same(sum, passed);
}
