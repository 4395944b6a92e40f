/* SPDX-License-Identifier: MIT */
/* pipe-packets - a pipe in packet mode (O_DIRECT) keeps its packets apart */
#include "victim.h"

void victim(void)
{
	char text[100];
	int ends[2];

	must(pipe2(ends, O_DIRECT));
	same(write(ends[1], "one", 3), 3);
	same(write(ends[1], "three", 5), 5);
	victim_move();
	same(read(ends[0], text, sizeof(text)), 3);
	same(write(ends[1], "x", 1), 1);
	same(read(ends[0], text, sizeof(text)), 5);
	same(read(ends[0], text, sizeof(text)), 1);
	check(fcntl(ends[1], F_GETFL) & O_DIRECT);
}
