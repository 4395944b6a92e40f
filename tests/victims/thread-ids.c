/* SPDX-License-Identifier: MIT */
/* thread-ids - PID and TIDs are what they were, and signals find them */
#include "victim.h"

#define THREADS	8

static pid_t tid[THREADS];
static _Thread_local volatile sig_atomic_t hit;
static int heard;

static void handler(int signal)
{
	(void)signal;
	hit++;
	__atomic_fetch_add(&heard, 1, __ATOMIC_SEQ_CST);
}

static void *run(void *arg)
{
	long self = (long)arg;

	tid[self] = syscall(SYS_gettid);
	victim_arrive();
	victim_wait();
	same(syscall(SYS_gettid), tid[self]);
	while (!hit)
		victim_sleep(0.001);
	victim_arrive();
	return NULL;
}

void victim(void)
{
	struct sigaction sa = { .sa_handler = handler };
	pthread_t thread[THREADS];
	pid_t pid = getpid();

	must(sigaction(SIGUSR1, &sa, NULL));
	for (long i = 0; i < THREADS; i++)
		thread[i] = victim_thread(run, (void *)i);
	victim_gather(THREADS);
	victim_move();
	same(syscall(SYS_getpid), pid);
	same(syscall(SYS_gettid), pid);
	for (int i = THREADS - 1; i >= 0; i--) {
		must(syscall(SYS_tgkill, pid, tid[i], SIGUSR1));
		/* Only the one thread heard it. */
		victim_gather(2 * THREADS - i);
		same(__atomic_load_n(&heard, __ATOMIC_SEQ_CST), THREADS - i);
		zero(pthread_join(thread[i], NULL));
	}
	must(kill(pid, SIGUSR1));
	same(hit, 1);
	must(syscall(SYS_tkill, pid, SIGUSR1));
	same(hit, 2);
	zero(pthread_kill(pthread_self(), SIGUSR1));
	same(hit, 3);
}
