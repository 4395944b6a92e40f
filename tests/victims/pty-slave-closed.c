/* SPDX-License-Identifier: MIT */
/* pty-slave-closed - the last slave was closed, with output left to be read */
#include "ptys.h"

void victim(void)
{
	struct pollfd p = { .events = POLLIN };
	char name[64], buf[16];
	int master = open_master(name), slave;

	slave = must(open(name, O_RDWR | O_NOCTTY));
	same(write(slave, "last words", 10), 10);
	close(slave);
	victim_move();
	same(read(master, buf, sizeof(buf)), 10);
	same(memcmp(buf, "last words", 10), 0);
	p.fd = master;
	same(poll(&p, 1, 0), 1);
	check(p.revents & POLLHUP);
	refused(read(master, buf, 1), EIO);
	zero(ptsname_r(master, name, sizeof(name)));
	slave = must(open(name, O_RDWR | O_NOCTTY));
	same(write(slave, "again", 5), 5);
	same(read(master, buf, sizeof(buf)), 5);
}
