/* SPDX-License-Identifier: MIT */
/* pty-master-closed - slaves whose master was closed: hung up */
#include "ptys.h"

void victim(void)
{
	int slave, master = open_pair(&slave), other;
	struct pollfd p = { .events = POLLIN | POLLOUT };
	char buf[8], name[64];

	other = must(dup(slave));
	close(master);
	victim_move();
	p.fd = slave;
	same(read(slave, buf, 1), 0);
	refused(write(other, buf, 1), EIO);
	refused(tcgetpgrp(slave), EIO);
	same(poll(&p, 1, 0), 1);
	check(p.revents & POLLHUP && p.revents & POLLERR);
	/* Its number is free, and the next one works. */
	master = open_master(name);
	slave = must(open(name, O_RDWR | O_NOCTTY));
	same(write(master, "x\n", 2), 2);
	expect_line(slave, "x\n");
}
