/* SPDX-License-Identifier: MIT */
/* pty-exclusive - a pseudo-terminal for exclusive use (TIOCEXCL) */
#include "ptys.h"

void victim(void)
{
	int slave, master = open_pair(&slave), on = 0;

	must(ioctl(slave, TIOCEXCL));
	same(write(slave, "hi", 2), 2);
	victim_move();
	must(ioctl(slave, TIOCGEXCL, &on));
	same(on, 1);
	expect_bytes(master, "hi", 2);
	must(ioctl(slave, TIOCNXCL));
}
