/* SPDX-License-Identifier: MIT */
/* pipe-nonblock - O_NONBLOCK at one end and not at the other; dup'ed ends */
#include "victim.h"

void victim(void)
{
	int ends[2], again;
	char byte = 0;

	must(pipe(ends));
	must(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	again = must(fcntl(ends[1], F_DUPFD, 200));
	victim_move();
	refused(read(ends[0], &byte, 1), EAGAIN);
	same(file_flags(ends[1]), O_WRONLY);
	same(file_flags(again), O_WRONLY);
	must(fcntl(again, F_SETFL, O_NONBLOCK));
	check(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
	close(ends[1]);
	/* The duplicate still holds it open. */
	refused(read(ends[0], &byte, 1), EAGAIN);
	same(write(again, "x", 1), 1);
	close(again);
	same(read(ends[0], &byte, 1), 1);
	same(byte, 'x');
	same(read(ends[0], &byte, 1), 0);
}
