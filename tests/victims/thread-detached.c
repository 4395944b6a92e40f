/* SPDX-License-Identifier: MIT */
/* thread-detached - detached threads end after the move, their stacks are
 * used again, and keys' destructors run */
#include "victim.h"

static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
	__atomic_fetch_add(&destroyed, (int)(long)value, __ATOMIC_SEQ_CST);
}

static void *run(void *arg)
{
	(void)arg;
	zero(pthread_setspecific(key, (void *)3));
	victim_arrive();
	victim_wait();
	return NULL;
}

void victim(void)
{
	zero(pthread_key_create(&key, destroy));
	for (int i = 0; i < 5; i++)
		zero(pthread_detach(victim_thread(run, NULL)));
	victim_gather(5);
	victim_move();
	while (__atomic_load_n(&destroyed, __ATOMIC_SEQ_CST) < 15)
		victim_sleep(0.001);
	for (int i = 0; i < 50; i++)
		zero(pthread_join(victim_thread(run, NULL), NULL));
	same(destroyed, 15 + 50 * 3);
}
