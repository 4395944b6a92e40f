/* SPDX-License-Identifier: MIT */
/* unix-rights-sockets - sockets on their way in sockets that are on their way themselves */
#include "unix.h"

void victim(void)
{
	int outer[2], middle[2], inner[2], fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, outer));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, middle));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, inner));
	unix_say(inner[0], "deep");
	unix_send_fds(middle[0], "inner", &inner[1], 1);
	close(inner[1]);
	unix_send_fds(outer[0], "middle", &middle[1], 1);
	close(middle[1]);
	close(middle[0]);
	victim_move();
	same(unix_take_fds(outer[1], "middle", fds), 1);
	same(unix_take_fds(fds[0], "inner", fds + 1), 1);
	unix_hear(fds[1], "deep");
	unix_say(fds[1], "back");
	unix_hear(inner[0], "back");
	same(read(fds[0], fds, 1), 0);
}
