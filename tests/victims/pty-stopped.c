/* SPDX-License-Identifier: MIT */
/* pty-stopped - output stopped by ^S, with some already on its way, until ^Q */
#include "ptys.h"

static bool writable(int fd)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

void victim(void)
{
	int slave, master = open_pair(&slave);

	same(write(slave, "before\n", 7), 7);
	same(write(master, "\023", 1), 1);
	while (writable(slave))
		victim_sleep(0.001);
	victim_move();
	check(!writable(slave));
	expect_bytes(master, "before\r\n", 8);
	same(write(master, "\021", 1), 1);
	while (!writable(slave))
		victim_sleep(0.001);
	same(write(slave, "after\n", 6), 6);
	expect_bytes(master, "after\r\n", 7);
}
