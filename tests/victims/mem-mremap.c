/* SPDX-License-Identifier: MIT */
/* mem-mremap - memory can be moved, grown and split after the move */
#include "victim.h"

#define PAGE	4096
#define SIZE	(16 * PAGE)

void victim(void)
{
	unsigned char *a = AREA_ANON(SIZE), *s = AREA_SHARED(SIZE), *moved;

	fill(a, SIZE, 1);
	fill(s, SIZE, 2);
	/* Moved already before: its pages know another offset. */
	moved = must(mremap(a, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    a + 4 * SIZE));
	victim_move();
	same_fill(moved, SIZE, 1);
	moved = must(mremap(moved, SIZE, 2 * SIZE, MREMAP_MAYMOVE));
	same_fill(moved, SIZE, 1);
	same(moved[2 * SIZE - 1], 0);
	moved = must(mremap(moved, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    moved + 16 * SIZE));
	same_fill(moved, SIZE, 1);
	must(munmap(moved + 3 * PAGE, PAGE));
	same_fill(moved, 3 * PAGE, 1);
	s = must(mremap(s, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			s + 8 * SIZE));
	same_fill(s, SIZE, 2);
}
