/* SPDX-License-Identifier: MIT */
/* pty-session - a session with its terminal, whose master its parent has */
#include "ptys.h"

static volatile int *interrupted;

static void on_int(int sig)
{
	*interrupted = sig;
}

static void session(void)
{
	char line[64];
	int tty;

	signal(SIGINT, on_int);
	victim_ready();
	while (!*interrupted)
		victim_sleep(0.001);
	same(tcgetpgrp(0), getpid());
	same(tcgetsid(0), getpid());
	tty = must(open("/dev/tty", O_RDWR));
	same(read(tty, line, sizeof(line)), 4);
	same(write(tty, "done\n", 5), 5);
}

void victim(void)
{
	char name[64];
	int master = open_master(name);
	pid_t pid;

	interrupted = AREA_SHARED(4096);
	pid = terminal_child(master, name, session);
	victim_wait();
	same(write(master, "\003", 1), 1);
	while (*interrupted != SIGINT)
		victim_sleep(0.001);
	expect_bytes(master, "^C", 2);
	same(write(master, "abc\n", 4), 4);
	expect_bytes(master, "abc\r\ndone\r\n", 11);
	victim_reap(pid, 0);
}
