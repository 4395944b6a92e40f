/* SPDX-License-Identifier: MIT */
/* proc-memory-merge - memory that the kernel may merge (PR_SET_MEMORY_MERGE),
 * and what is to be done about a broken page (PR_MCE_KILL) */
#include <sys/prctl.h>

#include "victim.h"

void victim(void)
{
	bool merge = prctl(67, 1, 0, 0, 0) == 0;
	bool mce = prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0,
			 0) == 0;

	if (!merge && !mce)
		victim_skip("this kernel has neither");
	victim_move();
	if (merge)
		same(prctl(68, 0, 0, 0, 0), 1);
	if (mce)
		same(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
}
