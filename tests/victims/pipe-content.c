/* SPDX-License-Identifier: MIT */
/* pipe-content - bytes in pipes whose both ends one process has */
#include "victim.h"

#define COUNT	20

void victim(void)
{
	int ends[COUNT][2];
	unsigned char text[4096];

	for (int i = 0; i < COUNT; i++) {
		must(pipe2(ends[i], i % 2 ? O_CLOEXEC : 0));
		fill(text, sizeof(text), i);
		/* 0, 200, .. bytes, in two writes */
		same(write(ends[i][1], text, 100 * i), 100 * i);
		same(write(ends[i][1], text + 100 * i, 100 * i), 100 * i);
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		same(write(ends[i][1], "tail", 4), 4);
		same(read(ends[i][0], text, sizeof(text)), 200 * i + 4);
		same_fill(text, 200 * i, i);
		same(memcmp(text + 200 * i, "tail", 4), 0);
		same(fcntl(ends[i][0], F_GETFD), i % 2);
		close(ends[i][1]);
		same(read(ends[i][0], text, 1), 0);
	}
}
