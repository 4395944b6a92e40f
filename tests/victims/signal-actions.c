/* SPDX-License-Identifier: MIT */
/* signal-actions - what each signal does: handler, flags, mask, restorer */
#include "victim.h"

/* struct sigaction as the kernel has it */
struct action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static void one(int signal)
{
	(void)signal;
}

static void three(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
}

static void set(int signal)
{
	static const int flags[] = {
		0, SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_ONSTACK,
		SA_NOCLDSTOP, SA_NOCLDWAIT, SA_RESTART | SA_ONSTACK | SA_NODEFER,
	};
	struct sigaction sa = { .sa_flags = flags[signal % 8] };

	sigemptyset(&sa.sa_mask);
	for (int s = signal; s < 65; s += 7)
		sigaddset(&sa.sa_mask, s);
	switch (signal % 4) {
	case 0:
		sa.sa_handler = SIG_DFL;
		break;
	case 1:
		sa.sa_handler = SIG_IGN;
		break;
	case 2:
		sa.sa_handler = one;
		break;
	case 3:
		sa.sa_sigaction = three;
		sa.sa_flags |= SA_SIGINFO;
	}
	must(sigaction(signal, &sa, NULL));
}

static struct action get(int signal)
{
	struct action is = { 0 };

	must(syscall(SYS_rt_sigaction, signal, NULL, &is, 8));
	return is;
}

void victim(void)
{
	struct action was[65] = { 0 };

	for (int s = 1; s <= 64; s++)
		if (s != SIGKILL && s != SIGSTOP && s != 32 && s != 33)
			set(s);
	for (int s = 1; s <= 64; s++)
		was[s] = get(s);
	victim_move();
	for (int s = 1; s <= 64; s++) {
		struct action now = get(s);

		if (memcmp(&now, &was[s], sizeof(now)))
			victim_fail("signal %d: handler %p flags %#lx mask %#lx"
				    ", were %p %#lx %#lx", s,
				    (void *)now.handler, now.flags, now.mask,
				    (void *)was[s].handler, was[s].flags,
				    was[s].mask);
	}
}
