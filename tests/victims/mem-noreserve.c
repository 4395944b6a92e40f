/* SPDX-License-Identifier: MIT */
/* mem-noreserve - MAP_NORESERVE, MAP_POPULATE and MAP_STACK mappings */
#include "victim.h"

#define SIZE	(1ul << 20)

void victim(void)
{
	static const int flags[] = { MAP_NORESERVE, MAP_POPULATE, MAP_STACK, 0 };
	unsigned char *block[4];
	char was[4][256], now[256];

	for (int i = 0; i < 4; i++) {
		block[i] = area(SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | flags[i], -1, 0);
		fill(block[i], 8192, i);
		vm_flags(block[i], was[i]);
	}
	check(strstr(was[0], "nr "));
	victim_move();
	for (int i = 0; i < 4; i++) {
		vm_flags(block[i], now);
		same_text(now, was[i]);
		same_fill(block[i], 8192, i);
	}
}
