/* SPDX-License-Identifier: MIT */
/* pty-many - ten terminals, each with a session and something queued */
#include "ptys.h"

#define COUNT 10

static volatile int *up;

static void session(void)
{
	char line[64], reply[80];
	int n;

	__sync_fetch_and_add(up, 1);
	victim_wait();
	n = must(read(0, line, sizeof(line)));
	n = snprintf(reply, sizeof(reply), "<%.*s>", n - 1, line);
	same(write(1, reply, n), n);
	/* Until the master has read it: output of a closed terminal waits. */
	same(read(0, line, 1), 1);
}

void victim(void)
{
	int masters[COUNT];
	pid_t pids[COUNT];
	char name[64], text[64];

	up = AREA_SHARED(4096);
	for (int i = 0; i < COUNT; i++) {
		masters[i] = open_master(name);
		pids[i] = terminal_child(masters[i], name, session);
		snprintf(text, sizeof(text), "line %d\n", i);
		same(write(masters[i], text, strlen(text)), strlen(text));
	}
	while (*up < COUNT)
		victim_sleep(0.001);
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "line %d\r\n<line %d>", i, i);
		expect_bytes(masters[i], text, strlen(text));
		same(write(masters[i], "\n", 1), 1);
		victim_reap(pids[i], 0);
	}
}
