/* SPDX-License-Identifier: MIT */
/* faults.h - which signal touching memory gets one, by doing it */
#ifndef FAULTS_H
#define FAULTS_H

#include <setjmp.h>

static _Thread_local sigjmp_buf fault_back;

static inline void fault_handler(int signal)
{
	siglongjmp(fault_back, signal);
}

/* SIGSEGV, SIGBUS, or 0 if the byte could be read (written). */
static inline int fault_of(volatile void *at, bool write)
{
	struct sigaction sa = { .sa_handler = fault_handler };
	volatile unsigned char *byte = at;
	int sig;

	must(sigaction(SIGSEGV, &sa, NULL));
	must(sigaction(SIGBUS, &sa, NULL));
	sig = sigsetjmp(fault_back, 1);
	if (sig == 0) {
		unsigned char was = *byte;

		if (write)
			*byte = was;
	}
	return sig;
}

#endif
