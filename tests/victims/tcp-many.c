/* SPDX-License-Identifier: MIT */
/* tcp-many - two hundred connections between two processes */
/* ways: -taken because the source still has the port */
#include "inet.h"

#define N 200

static int ends[N][2];

static void child(void)
{
	char text[16];

	victim_wait();
	for (int i = 0; i < N; i++) {
		same(read(ends[i][1], text, 4), 4);
		same(text[0], (char)i);
		same(write(ends[i][1], text, 4), 4);
	}
}

void victim(void)
{
	char text[4] = "";
	pid_t pid;

	need_repair();
	for (int i = 0; i < N; i++)
		pair_of(i % 2 ? AF_INET : AF_INET6, ends[i]);
	pid = victim_child(child);
	for (int i = 0; i < N; i++)
		must(close(ends[i][1]));
	victim_move();
	for (int i = 0; i < N; i++) {
		text[0] = i;
		same(write(ends[i][0], text, 4), 4);
	}
	for (int i = 0; i < N; i++) {
		same(read(ends[i][0], text, 4), 4);
		same(text[0], (char)i);
	}
	victim_reap(pid, 0);
}
