/* SPDX-License-Identifier: MIT */
/* mem-brk - the program break is where it was, and moves on from there */
#include "victim.h"

#define SIZE	(1 << 20)

void victim(void)
{
	unsigned char *start, *end, *block;

	/* malloc takes its share now, and has enough until the end. */
	free(victim_path(""));
	start = must(sbrk(SIZE + 123));
	fill(start, SIZE, 1);
	end = sbrk(0);
	check(end == start + SIZE + 123);
	victim_move();
	check(sbrk(0) == end);
	same_fill(start, SIZE, 1);
	check(must(sbrk(SIZE)) == end);
	fill(end, SIZE, 2);
	same_fill(start, SIZE, 1);
	same_fill(end, SIZE, 2);
	must(sbrk(-SIZE - SIZE / 2));
	check(sbrk(0) == end - SIZE / 2);
	same_fill(start, SIZE / 2 - 4096, 1);
	/* malloc has room again. */
	for (int i = 0; i < 1000; i++) {
		block = malloc(1000 + i);
		check(block);
		memset(block, i, 1000 + i);
	}
}
