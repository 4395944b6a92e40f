/* SPDX-License-Identifier: MIT */
/* wait-select - select(2) on a silent pipe goes on with the time left */
#include "timed.h"

#include <sys/select.h>

static void timed_wait(void)
{
	struct timeval tv = { 1, 600000 };
	fd_set set;
	int ends[2];

	must(pipe(ends));
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	same(select(ends[0] + 1, &set, NULL, NULL, &tv), 0);
	check(!FD_ISSET(ends[0], &set));
	same(tv.tv_sec, 0);
	same(tv.tv_usec, 0);
}
