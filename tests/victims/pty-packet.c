/* SPDX-License-Identifier: MIT */
/* pty-packet - packet mode, with output and a state that was not told yet */
/* ways: -leave because what the terminal tells in packet mode is told once */
#include "ptys.h"

void victim(void)
{
	int slave, master = open_pair(&slave), on = 1, quiet_slave;
	int quiet = open_pair(&quiet_slave);
	char buf[64];

	must(ioctl(master, TIOCPKT, &on));
	must(ioctl(quiet, TIOCPKT, &on));
	same(write(slave, "before", 6), 6);
	same(write(quiet_slave, "data", 4), 4);
	must(tcflush(slave, TCIFLUSH));
	check(readable(master, 5000));
	victim_move();
	on = 0;
	must(ioctl(master, TIOCGPKT, &on));
	same(on, 1);
	same(read(master, buf, sizeof(buf)), 1);
	same(buf[0], TIOCPKT_FLUSHREAD);
	same(read(master, buf, sizeof(buf)), 7);
	same(buf[0], TIOCPKT_DATA);
	same(memcmp(buf + 1, "before", 6), 0);
	same(read(quiet, buf, sizeof(buf)), 5);
	same(buf[0], TIOCPKT_DATA);
	same(memcmp(buf + 1, "data", 4), 0);
	must(tcflow(slave, TCOOFF));
	same(read(master, buf, sizeof(buf)), 1);
	same(buf[0], TIOCPKT_STOP);
}
