/* SPDX-License-Identifier: MIT */
/* proc-personality - personality(2) bits */
#include "victim.h"

#include <sys/personality.h>

void victim(void)
{
	int bits = ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT | SHORT_INODE;

	must(personality(bits));
	victim_move();
	same(personality(0xffffffff), bits);
}
