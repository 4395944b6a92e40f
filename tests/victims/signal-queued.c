/* SPDX-License-Identifier: MIT */
/* signal-queued - queued real-time signals keep order, values and senders */
#include "victim.h"

#define EACH	20

static void *run(void *arg)
{
	struct timespec none = { 0, 0 };
	siginfo_t info;
	sigset_t set;

	sigfillset(&set);
	for (long i = 0; i < EACH; i++) {
		union sigval value = { .sival_ptr = (void *)(0x7700000000 + i) };

		zero(pthread_sigqueue(pthread_self(), SIGRTMIN + 1, value));
	}
	victim_arrive();
	victim_wait();
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	for (long i = 0; i < EACH; i++) {
		must(sigtimedwait(&set, &info, &none));
		same((long)info.si_ptr, 0x7700000000 + i);
		same(info.si_code, SI_QUEUE);
	}
	refused(sigtimedwait(&set, &info, &none), EAGAIN);
	return arg;
}

void victim(void)
{
	struct timespec none = { 0, 0 };
	pthread_t thread;
	siginfo_t info;
	sigset_t set;

	sigfillset(&set);
	zero(pthread_sigmask(SIG_SETMASK, &set, NULL));
	for (int i = 0; i < EACH; i++)
		for (int s = 5; s <= 7; s++) {
			union sigval value = { .sival_int = 100 * s + i };

			must(sigqueue(getpid(), SIGRTMIN + s, value));
		}
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_move();
	zero(pthread_join(thread, NULL));
	for (int s = 5; s <= 7; s++)
		for (int i = 0; i < EACH; i++) {
			must(sigtimedwait(&set, &info, &none));
			same(info.si_signo, SIGRTMIN + s);
			same(info.si_int, 100 * s + i);
			same(info.si_code, SI_QUEUE);
			same(info.si_pid, getpid());
		}
	refused(sigtimedwait(&set, &info, &none), EAGAIN);
}
