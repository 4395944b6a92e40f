/* SPDX-License-Identifier: MIT */
/* signal-in-handler - moved inside handlers, three deep, that return later
 *
 * The frames on the stack hold masks and registers that nobody but
 * rt_sigreturn(2) will ever look at.
 */
#include "victim.h"

static volatile int returned;

static void innermost(int signal)
{
	(void)signal;
	victim_move();
	returned++;
}

static void middle(int signal)
{
	volatile double x = 1.25;

	(void)signal;
	raise(SIGRTMIN + 9);
	check(x == 1.25);
	returned++;
}

static void outer(int signal, siginfo_t *info, void *context)
{
	(void)context;
	raise(SIGUSR2);
	same(signal, SIGUSR1);
	same(info->si_pid, getpid());
	returned++;
}

static bool blocked(int signal)
{
	sigset_t now;

	zero(pthread_sigmask(SIG_SETMASK, NULL, &now));
	return sigismember(&now, signal) == 1;
}

void victim(void)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	pid_t pid = getpid();
	register double live __asm__("xmm9");
	long ret;

	sa.sa_sigaction = outer;
	sigaddset(&sa.sa_mask, SIGTERM);
	must(sigaction(SIGUSR1, &sa, NULL));
	sa.sa_flags = 0;
	sa.sa_handler = middle;
	must(sigaction(SIGUSR2, &sa, NULL));
	sa.sa_handler = innermost;
	must(sigaction(SIGRTMIN + 9, &sa, NULL));
	live = 3.5;
	/* kill(2) inline, so that xmm9 is alive over it. */
	__asm__ volatile("syscall" : "=a"(ret), "+x"(live) :
			 "0"(SYS_kill), "D"(pid), "S"(SIGUSR1) :
			 "rcx", "r11", "memory");
	same(ret, 0);
	check(live == 3.5);
	same(returned, 3);
	check(!blocked(SIGTERM) && !blocked(SIGUSR1) && !blocked(SIGUSR2));
}
