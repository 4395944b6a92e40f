/* SPDX-License-Identifier: MIT */
/* signal-pending - blocked signals wait for their thread, or for any */
#include "victim.h"

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	zero(pthread_sigmask(SIG_SETMASK, &all, NULL));
}

/* Which signals wait for the calling thread, as bits. */
static uint64_t pending(void)
{
	uint64_t bits = 0;
	sigset_t set;

	must(sigpending(&set));
	for (int s = 1; s <= 64; s++)
		if (sigismember(&set, s) == 1)
			bits |= 1ull << (s - 1);
	return bits;
}

#define BIT(s)	(1ull << ((s) - 1))

static void *run(void *arg)
{
	(void)arg;
	zero(pthread_kill(pthread_self(), SIGTERM));
	zero(pthread_kill(pthread_self(), SIGRTMIN + 3));
	victim_arrive();
	victim_wait();
	same(pending(), BIT(SIGTERM) | BIT(SIGRTMIN + 3) |
	     BIT(SIGUSR2) | BIT(SIGINT));
	return NULL;
}

void victim(void)
{
	struct timespec none = { 0, 0 };
	pthread_t thread;
	siginfo_t info;
	sigset_t set;

	block_all();
	thread = victim_thread(run, NULL);
	victim_gather(1);
	zero(pthread_kill(pthread_self(), SIGUSR1));
	must(kill(getpid(), SIGUSR2));
	must(kill(getpid(), SIGINT));
	victim_move();
	zero(pthread_join(thread, NULL));
	same(pending(), BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGINT));
	sigfillset(&set);
	/* The C library's hides how a signal was sent. */
	same(must(syscall(SYS_rt_sigtimedwait, &set, &info, &none, 8)), SIGUSR1);
	same(info.si_code, SI_TKILL);
	same(info.si_pid, getpid());
	same(must(sigtimedwait(&set, &info, &none)), SIGINT);
	same(info.si_code, SI_USER);
	same(info.si_uid, getuid());
	same(must(sigtimedwait(&set, &info, &none)), SIGUSR2);
	refused(sigtimedwait(&set, &info, &none), EAGAIN);
}
