/* SPDX-License-Identifier: MIT */
/* unix-peek-off - SO_PEEK_OFF stands where it stood */
#include "unix.h"

void victim(void)
{
	char got[16] = "";
	int ends[2], dgram[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
	unix_say(ends[0], "0123456789");
	unix_set(ends[1], SO_PEEK_OFF, 4);
	unix_say(dgram[0], "abc");
	unix_say(dgram[0], "def");
	victim_move();
	same(unix_get(ends[1], SO_PEEK_OFF), 4);
	same(recv(ends[1], got, 3, MSG_PEEK), 3);
	same_text(got, "456");
	same(unix_get(ends[1], SO_PEEK_OFF), 7);
	same(recv(ends[1], got, 2, 0), 2);
	same(unix_get(ends[1], SO_PEEK_OFF), 5);
	same(unix_get(dgram[1], SO_PEEK_OFF), -1);
	unix_hear(dgram[1], "abc");
}
