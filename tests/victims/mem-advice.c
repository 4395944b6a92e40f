/* SPDX-License-Identifier: MIT */
/* mem-advice - what madvise(2) has been told, as VmFlags show it
 *
 * Behaviour where it can be seen: a child finds MADV_DONTFORK memory missing
 * and MADV_WIPEONFORK memory empty.
 */
#include "victim.h"

#define SIZE	(4ul << 20)
#define WIPEONFORK	18
#define DONTFORK	10

static const int advice[] = {
	MADV_DONTFORK, MADV_DONTDUMP, WIPEONFORK, MADV_HUGEPAGE,
	MADV_NOHUGEPAGE, MADV_MERGEABLE, MADV_RANDOM, MADV_SEQUENTIAL,
};
#define COUNT	(int)(sizeof(advice) / sizeof(*advice))

static unsigned char *block[COUNT];

static void child(void)
{
	unsigned char present;

	refused(mincore(block[0], 4096, &present), ENOMEM);
	same(block[2][0], 0);
	same_fill(block[1], 4096, 1);
}

void victim(void)
{
	char was[COUNT][256], now[256];

	for (int i = 0; i < COUNT; i++) {
		block[i] = AREA_ANON(SIZE);
		if (madvise(block[i], SIZE, advice[i]) < 0)
			victim_fail("madvise(%d): %s", advice[i],
				    strerror(errno));
		fill(block[i], 4096, i);
		vm_flags(block[i], was[i]);
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		vm_flags(block[i], now);
		if (strcmp(now, was[i]))
			victim_fail("after madvise(%d) flags are \"%s\", were "
				    "\"%s\"", advice[i], now, was[i]);
		same_fill(block[i], 4096, i);
	}
	victim_reap(victim_child(child), 0);
	same_fill(block[2], 4096, 2);
}
