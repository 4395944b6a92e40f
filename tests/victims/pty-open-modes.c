/* SPDX-License-Identifier: MIT */
/* pty-open-modes - several openings of one slave, each with its own flags */
#include "ptys.h"

void victim(void)
{
	char name[64], c;
	int master = open_master(name);
	int in = must(open(name, O_RDONLY | O_NOCTTY | O_NONBLOCK));
	int out = must(open(name, O_WRONLY | O_NOCTTY));
	int both = must(open(name, O_RDWR | O_NOCTTY));
	int copy = must(dup(both));

	victim_move();
	same(file_flags(in), O_RDONLY | O_NONBLOCK);
	same(file_flags(out), O_WRONLY);
	same(file_flags(both), O_RDWR);
	must(fcntl(copy, F_SETFL, O_NONBLOCK));
	same(file_flags(both), O_RDWR | O_NONBLOCK);
	same(file_flags(out), O_WRONLY);
	refused(read(in, &c, 1), EAGAIN);
	refused(read(out, &c, 1), EBADF);
	refused(write(in, &c, 1), EBADF);
	same(write(out, "a", 1), 1);
	same(write(both, "b", 1), 1);
	expect_bytes(master, "ab", 2);
}
