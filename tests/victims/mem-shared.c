/* SPDX-License-Identifier: MIT */
/* mem-shared - shared anonymous memory, mapped twice in one process
 *
 * What is written at one address is read at the other, before and after.
 */
#include "victim.h"

#define SIZE	(1ul << 20)

void victim(void)
{
	unsigned char *a = AREA_SHARED(SIZE), *b, *part;

	fill(a, SIZE, 1);
	/* An old size of 0 maps the same memory again. */
	b = must(mremap(a, 0, SIZE, MREMAP_MAYMOVE));
	part = must(mremap(a + 65536, 0, 4096, MREMAP_MAYMOVE));
	must(mprotect(b, SIZE, PROT_READ));
	victim_move();
	same_fill(a, SIZE, 1);
	same_fill(b, SIZE, 1);
	fill(a, SIZE, 2);
	same_fill(b, SIZE, 2);
	check(memcmp(part, a + 65536, 4096) == 0);
	part[5]++;
	same(b[65536 + 5], part[5]);
}
