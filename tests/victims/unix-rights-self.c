/* SPDX-License-Identifier: MIT */
/* unix-rights-self - a socket on its way through itself */
#include "unix.h"

void victim(void)
{
	int ends[2], fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	unix_send_fds(ends[0], "myself", ends, 2);
	victim_move();
	same(unix_take_fds(ends[1], "myself", fds), 2);
	unix_say(fds[0], "there");
	unix_hear(ends[1], "there");
	unix_say(fds[1], "and back");
	unix_hear(ends[0], "and back");
}
