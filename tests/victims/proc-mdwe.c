/* SPDX-License-Identifier: MIT */
/* proc-mdwe - a process that may not make memory executable (PR_SET_MDWE) */
#include <sys/prctl.h>

#include "victim.h"

void victim(void)
{
	void *p;

	if (prctl(65, 1, 0, 0, 0) < 0)
		victim_skip("this kernel has no PR_SET_MDWE");
	p = AREA_ANON(4096);
	victim_move();
	same(prctl(66, 0, 0, 0, 0), 1);
	refused(mprotect(p, 4096, PROT_READ | PROT_EXEC), EACCES);
	refused(mmap(NULL, 4096, PROT_WRITE | PROT_EXEC,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EACCES);
}
