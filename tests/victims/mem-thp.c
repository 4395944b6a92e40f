/* SPDX-License-Identifier: MIT */
/* mem-thp - huge pages: their content, and PR_SET_THP_DISABLE in a child */
#include "victim.h"

#include <sys/prctl.h>

#define SIZE	(8ul << 20)

static void child(void)
{
	must(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	/* The parent goes on once it is set. */
	victim_ready();
	victim_wait();
	same(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
}

void victim(void)
{
	unsigned char *block = AREA_ANON(SIZE);
	char was[256], now[256];
	pid_t pid;

	must(madvise(block, SIZE, MADV_HUGEPAGE));
	fill(block, SIZE, 1);
	vm_flags(block, was);
	pid = victim_child(child);
	victim_wait();
	same(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
	vm_flags(block, now);
	same_text(now, was);
	same_fill(block, SIZE, 1);
	victim_reap(pid, 0);
}
