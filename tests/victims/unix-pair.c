/* SPDX-License-Identifier: MIT */
/* unix-pair - stream sockets from socketpair(2), with bytes in both directions */
#include <sys/socket.h>

#include "victim.h"

#define COUNT	10

void victim(void)
{
	int ends[COUNT][2];
	unsigned char text[8192];

	for (int i = 0; i < COUNT; i++) {
		must(socketpair(AF_UNIX, SOCK_STREAM |
				(i % 2 ? SOCK_CLOEXEC : 0), 0, ends[i]));
		fill(text, sizeof(text), i);
		same(write(ends[i][0], text, 100 * i), 100 * i);
		same(write(ends[i][0], text + 100 * i, 100 * i), 100 * i);
		same(write(ends[i][1], text, 7 * i), 7 * i);
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		same(write(ends[i][0], "tail", 4), 4);
		same(read(ends[i][1], text, sizeof(text)), 200 * i + 4);
		same_fill(text, 200 * i, i);
		same(memcmp(text + 200 * i, "tail", 4), 0);
		same(write(ends[i][1], "x", 1), 1);
		same(read(ends[i][0], text, sizeof(text)), 7 * i + 1);
		same_fill(text, 7 * i, i);
		same(fcntl(ends[i][0], F_GETFD), i % 2);
		close(ends[i][1]);
		same(read(ends[i][0], text, 1), 0);
	}
}
