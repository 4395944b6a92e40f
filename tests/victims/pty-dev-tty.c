/* SPDX-License-Identifier: MIT */
/* pty-dev-tty - descriptors that were opened as /dev/tty */
#include "ptys.h"

static void session(void)
{
	int tty = must(open("/dev/tty", O_RDWR | O_CLOEXEC));
	int out = must(open("/dev/tty", O_WRONLY));
	char line[16];

	victim_move();
	same(read(tty, line, sizeof(line)), 3);
	same(write(out, "out", 3), 3);
	refused(read(out, line, 1), EBADF);
	same(fcntl(tty, F_GETFD), FD_CLOEXEC);
	same_text(ttyname(tty), "/dev/tty");
}

void victim(void)
{
	char name[64];
	int master = open_master(name);
	pid_t pid = terminal_child(master, name, session);

	victim_wait();
	same(write(master, "in\n", 3), 3);
	victim_reap(pid, 0);
	expect_bytes(master, "in\r\nout", 7);
}
