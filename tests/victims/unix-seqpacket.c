/* SPDX-License-Identifier: MIT */
/* unix-seqpacket - sequenced packets in a pair keep their boundaries, also empty ones */
#include "unix.h"

void victim(void)
{
	char got[64];
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	unix_say(ends[0], "one");
	same(send(ends[0], "", 0, 0), 0);
	unix_say(ends[0], "three");
	unix_say(ends[1], "back");
	same(send(ends[0], "", 0, 0), 0);
	victim_move();
	unix_say(ends[0], "last");
	unix_hear(ends[1], "one");
	same(recv(ends[1], got, sizeof(got), 0), 0);
	/* What does not fit of a packet is lost, and no more. */
	same(recv(ends[1], got, 2, 0), 2);
	same(recv(ends[1], got, sizeof(got), 0), 0);
	unix_hear(ends[1], "last");
	refused(recv(ends[1], got, 1, MSG_DONTWAIT), EAGAIN);
	unix_hear(ends[0], "back");
	close(ends[0]);
	same(recv(ends[1], got, 1, 0), 0);
}
