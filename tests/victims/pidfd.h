/* SPDX-License-Identifier: MIT */
/* pidfd.h - what the headers of older libraries lack */
#include <poll.h>

#include "victim.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#define PIDFD_OF_THREAD O_EXCL

static inline int pidfd_of(pid_t pid, unsigned int flags)
{
	return syscall(SYS_pidfd_open, pid, flags);
}

static inline bool has_ended(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return must(poll(&p, 1, timeout_ms)) == 1;
}
