/* SPDX-License-Identifier: MIT */
/* signal-segv - faults after the move are told with their address
 *
 * SIGSEGV in a protected page, SIGBUS behind the end of a file, SIGFPE, and
 * SIGILL, each with the right code.
 */
#include "victim.h"

#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t last;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	last = *info;
	siglongjmp(back, 1);
}

#define fault(how, signal, code) do { \
	memset(&last, 0, sizeof(last)); \
	if (sigsetjmp(back, 1) == 0) \
		how; \
	same(last.si_signo, signal); \
	same(last.si_code, code); \
} while (0)

static volatile int seven = 7, nought;
static volatile char *volatile low = (char *)16;

void victim(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	volatile char *closed, *beyond;
	int fd;

	sa.sa_sigaction = handler;
	for (int i = 0; i < 4; i++)
		must(sigaction(signals[i], &sa, NULL));
	closed = must(mmap(NULL, 4096, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	fd = must(open(victim_file("file", "short"), O_RDONLY));
	beyond = must(mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0));
	victim_move();
	fault(closed[7] = 1, SIGSEGV, SEGV_ACCERR);
	check(last.si_addr == closed + 7);
	fault((void)beyond[5000], SIGBUS, BUS_ADRERR);
	check(last.si_addr == beyond + 5000);
	fault(seven /= nought, SIGFPE, FPE_INTDIV);
	fault(__asm__ volatile("ud2"), SIGILL, ILL_ILLOPN);
	fault(*low = 1, SIGSEGV, SEGV_MAPERR);
}
