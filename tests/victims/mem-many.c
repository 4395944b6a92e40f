/* SPDX-License-Identifier: MIT */
/* mem-many - a thousand mappings side by side, with gaps here and there */
#include "victim.h"

#define PAGE	4096
#define MAPS	1000

void victim(void)
{
	unsigned char *block = AREA_ANON(MAPS * PAGE);

	for (long i = 0; i < MAPS; i++) {
		fill(block + i * PAGE, PAGE, i);
		/* Neighbours differ, so that none merge. */
		if (i % 2)
			must(mprotect(block + i * PAGE, PAGE, PROT_READ));
		if (i % 10 == 7)
			must(munmap(block + i * PAGE, PAGE));
	}
	victim_move();
	for (long i = 0; i < MAPS; i++) {
		char flags[256];

		if (i % 10 == 7) {
			/* Nothing there: a new mapping finds room. */
			must(mmap(block + i * PAGE, PAGE, PROT_READ,
				  MAP_PRIVATE | MAP_ANONYMOUS |
				  MAP_FIXED_NOREPLACE, -1, 0));
			continue;
		}
		same_fill(block + i * PAGE, PAGE, i);
		if (i < 50) {
			vm_flags(block + i * PAGE, flags);
			same(strstr(flags, "wr ") != NULL, i % 2 == 0);
		}
	}
}
