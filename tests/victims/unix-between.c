/* SPDX-License-Identifier: MIT */
/* unix-between - a conversation between two processes goes on */
#include "unix.h"

void victim(void)
{
	int ends[2], n;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = must(fork());
	if (!pid) {
		close(ends[0]);
		while (must(read(ends[1], &n, sizeof(n))) == sizeof(n)) {
			n = 3 * n + 1;
			same(write(ends[1], &n, sizeof(n)), sizeof(n));
		}
		_exit(7);
	}
	close(ends[1]);
	victim_blocked(pid, SYS_read);
	for (int i = 0; i < 10; i++) {
		same(write(ends[0], &i, sizeof(i)), sizeof(i));
		same(read(ends[0], &n, sizeof(n)), sizeof(n));
		same(n, 3 * i + 1);
	}
	n = 100;
	same(write(ends[0], &n, sizeof(n)), sizeof(n));
	victim_move();
	same(read(ends[0], &n, sizeof(n)), sizeof(n));
	same(n, 301);
	for (int i = 0; i < 1000; i++) {
		same(write(ends[0], &i, sizeof(i)), sizeof(i));
		same(read(ends[0], &n, sizeof(n)), sizeof(n));
		same(n, 3 * i + 1);
	}
	close(ends[0]);
	victim_reap(pid, 7);
}
