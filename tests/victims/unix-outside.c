/* SPDX-License-Identifier: MIT */
/* unix-outside - a connection to somebody outside the tree */
/* refused: its peer stays where it is */
#include "unix.h"

static int ends[2];

/* It ends with the other end. */
static void outsider(void)
{
	char c;

	close(ends[0]);
	while (read(ends[1], &c, 1) == 1)
		if (write(ends[1], "y", 1) != 1)
			break;
}

void victim(void)
{
	char c = 0;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	unix_outsider(outsider);
	close(ends[1]);
	victim_move();
	unix_say(ends[0], "x");
	same(read(ends[0], &c, 1), 1);
	same(c, 'y');
}
