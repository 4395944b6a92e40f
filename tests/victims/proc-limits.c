/* SPDX-License-Identifier: MIT */
/* proc-limits - every resource limit, soft and hard */
#include "victim.h"

#include <sys/resource.h>

#define COUNT	16

void victim(void)
{
	struct rlimit was[COUNT], now;

	for (int i = 0; i < COUNT; i++) {
		must(getrlimit(i, &was[i]));
		if (was[i].rlim_max == RLIM_INFINITY)
			was[i].rlim_cur = (1ul << 40) + 4096 * i;
		else if (was[i].rlim_max)
			was[i].rlim_cur = was[i].rlim_max -= 1;
		if (i == RLIMIT_CORE)
			was[i].rlim_cur = was[i].rlim_max = 1024;
		must(setrlimit(i, &was[i]));
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		must(getrlimit(i, &now));
		if (now.rlim_cur != was[i].rlim_cur ||
		    now.rlim_max != was[i].rlim_max)
			victim_fail("limit %d is %ld, %ld, was %ld, %ld", i,
				    (long)now.rlim_cur, (long)now.rlim_max,
				    (long)was[i].rlim_cur,
				    (long)was[i].rlim_max);
	}
}
