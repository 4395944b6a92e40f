/* SPDX-License-Identifier: MIT */
/* signal-altstack - each thread's stack for signals, and handlers on it
 *
 * Thread 1 has one that disarms itself (SS_AUTODISARM), thread 2 none; the
 * main thread is moved while it runs on its.
 */
#include "victim.h"

#define SIZE	65536
#define AUTODISARM	(1u << 31)

static _Thread_local char *stack;
static _Thread_local volatile int on_stack, off_stack;

static void handler(int signal)
{
	char here;

	(void)signal;
	if (stack && &here >= stack && &here < stack + SIZE)
		on_stack++;
	else
		off_stack++;
}

static void moved_on_stack(int signal)
{
	stack_t now;

	handler(signal);
	victim_move();
	must(sigaltstack(NULL, &now));
	same(now.ss_flags, SS_ONSTACK);
	check(now.ss_sp == stack);
	same(now.ss_size, SIZE);
	handler(signal);
}

static void arm(unsigned int flags)
{
	stack_t ss = { .ss_size = SIZE, .ss_flags = flags };

	stack = ss.ss_sp = malloc(SIZE);
	must(sigaltstack(&ss, NULL));
}

static void is_armed(unsigned int flags)
{
	stack_t now;

	must(sigaltstack(NULL, &now));
	same((unsigned int)now.ss_flags, flags);
	check(now.ss_sp == stack);
	raise(SIGUSR1);
	same(on_stack, 1);
	same(off_stack, 0);
}

static void *plain(void *arg)
{
	(void)arg;
	arm(0);
	victim_arrive();
	victim_wait();
	is_armed(0);
	return NULL;
}

static void *autodisarm(void *arg)
{
	(void)arg;
	arm(AUTODISARM);
	victim_arrive();
	victim_wait();
	is_armed(AUTODISARM);
	return NULL;
}

static void *none(void *arg)
{
	stack_t now;

	(void)arg;
	victim_arrive();
	victim_wait();
	must(sigaltstack(NULL, &now));
	same(now.ss_flags, SS_DISABLE);
	raise(SIGUSR1);
	same(off_stack, 1);
	return NULL;
}

void victim(void)
{
	void *(*const run[])(void *) = { plain, autodisarm, none };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	pthread_t thread[3];

	must(sigaction(SIGUSR1, &sa, NULL));
	sa.sa_handler = moved_on_stack;
	must(sigaction(SIGUSR2, &sa, NULL));
	for (int i = 0; i < 3; i++)
		thread[i] = victim_thread(run[i], NULL);
	victim_gather(3);
	arm(0);
	raise(SIGUSR2);
	same(on_stack, 2);
	on_stack = 0;
	is_armed(0);
	for (int i = 0; i < 3; i++)
		zero(pthread_join(thread[i], NULL));
}
