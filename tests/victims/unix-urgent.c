/* SPDX-License-Identifier: MIT */
/* unix-urgent - a byte that was sent out of band */
#include <linux/sockios.h>

#include "unix.h"

void victim(void)
{
	char got[16] = "", c = 0;
	int ends[2], first[2], n;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	unix_say(ends[0], "before");
	if (send(ends[0], "!", 1, MSG_OOB) < 0)
		victim_skip("no out-of-band data in UNIX domain sockets");
	unix_say(ends[0], "after");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, first));
	same(send(first[0], "?", 1, MSG_OOB), 1);
	victim_move();
	must(ioctl(first[1], SIOCATMARK, &n));
	same(n, 1);
	same(recv(first[1], &c, 1, MSG_OOB), 1);
	same(c, '?');
	same(recv(ends[1], got, sizeof(got), 0), 6);
	same(memcmp(got, "before", 6), 0);
	must(ioctl(ends[1], SIOCATMARK, &n));
	same(n, 1);
	same(recv(ends[1], &c, 1, MSG_OOB), 1);
	same(c, '!');
	same(recv(ends[1], got, sizeof(got), 0), 5);
	same(memcmp(got, "after", 5), 0);
}
