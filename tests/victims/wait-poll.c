/* SPDX-License-Identifier: MIT */
/* wait-poll - poll(2) on a silent pipe goes on with the time that was left */
#include "timed.h"

#include <poll.h>

static void timed_wait(void)
{
	struct pollfd fd = { .events = POLLIN };
	int ends[2];

	must(pipe(ends));
	fd.fd = ends[0];
	same(poll(&fd, 1, TIMED_MS), 0);
}
