/* SPDX-License-Identifier: MIT */
/* mem-large - 64 MiB of bytes that no coding makes smaller, and repeats */
#include "victim.h"

#define SIZE	(64ul << 20)
#define PAGE	4096

void victim(void)
{
	unsigned char *block = AREA_ANON(SIZE), *same_page = AREA_ANON(SIZE / 4);

	fill(block, SIZE, 99);
	for (size_t at = 0; at < SIZE / 4; at += PAGE)
		fill(same_page + at, PAGE, at % (7 * PAGE) ? 5 : 6);
	victim_move();
	same_fill(block, SIZE, 99);
	for (size_t at = 0; at < SIZE / 4; at += PAGE)
		same_fill(same_page + at, PAGE, at % (7 * PAGE) ? 5 : 6);
}
