/* SPDX-License-Identifier: MIT */
/* pty-unopened - masters whose slave nobody has opened, one of them locked */
#include "ptys.h"

void victim(void)
{
	int locked = must(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK));
	int lock = 0, slave, master;
	char name[64], buf[8];

	master = open_master(name);
	must(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK));
	victim_move();
	same(file_flags(locked) & O_NONBLOCK, O_NONBLOCK);
	must(ioctl(locked, TIOCGPTLCK, &lock));
	same(lock, 1);
	/* Not hung up: that begins with the end of the first opening. */
	refused(read(master, buf, 1), EAGAIN);
	refused(read(locked, buf, 1), EAGAIN);
	zero(ptsname_r(locked, name, sizeof(name)));
	refused(open(name, O_RDWR | O_NOCTTY), EIO);
	must(unlockpt(locked));
	slave = must(open(name, O_RDWR | O_NOCTTY));
	same(write(locked, "typed\n", 6), 6);
	expect_line(slave, "typed\n");
}
