/* SPDX-License-Identifier: MIT */
/* unix-many - five hundred pairs, each with its own */
#include "unix.h"

#define COUNT	500

void victim(void)
{
	static int ends[COUNT][2];
	char text[16];

	if (sysconf(_SC_OPEN_MAX) < 2 * COUNT + 20)
		victim_skip("may not open so many");
	for (int i = 0; i < COUNT; i++) {
		must(socketpair(AF_UNIX, i % 3 ? SOCK_STREAM : SOCK_DGRAM, 0,
				ends[i]));
		sprintf(text, "no %d", i);
		if (i % 2)
			unix_say(ends[i][0], text);
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		sprintf(text, "no %d", i);
		if (i % 2 == 0)
			unix_say(ends[i][0], text);
		unix_hear(ends[i][1], text);
	}
}
