/* SPDX-License-Identifier: MIT */
/* unix-blocked-writer - a process that waits for room in a socket goes on writing */
#include "unix.h"

#define BYTES	(4u << 20)

static int ends[2];

static void writer(void)
{
	unsigned char *text = malloc(BYTES);
	size_t done = 0;

	close(ends[1]);
	fill(text, BYTES, 5);
	while (done < BYTES)
		done += must(write(ends[0], text + done, BYTES - done));
}

void victim(void)
{
	unsigned char *text = malloc(BYTES);
	size_t done = 0;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = victim_child(writer);
	close(ends[0]);
	victim_blocked(pid, SYS_write);
	victim_move();
	while (done < BYTES) {
		ssize_t n = must(read(ends[1], text + done, BYTES - done));

		check(n > 0);
		done += n;
	}
	same_fill(text, BYTES, 5);
	same(read(ends[1], text, 1), 0);
	victim_reap(pid, 0);
}
