/* SPDX-License-Identifier: MIT */
/* epoll-pwait2 - epoll_pwait2(2) with a time to wait and a mask */
#include <sys/epoll.h>

#include "timed.h"

#define SYS_EPOLL_PWAIT2 441

static void timed_wait(void)
{
	struct timespec ts = TIMED_TS;
	struct epoll_event ev;
	uint64_t mask = 0;
	long rc = syscall(SYS_EPOLL_PWAIT2, epoll_create1(0), &ev, 1, &ts, &mask,
			  sizeof(mask));

	if (rc < 0 && errno == ENOSYS)
		victim_skip("no epoll_pwait2");
	same(must(rc), 0);
	same(ts.tv_sec, 1);
	same(ts.tv_nsec, 600000000);
}
