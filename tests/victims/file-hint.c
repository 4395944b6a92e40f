/* SPDX-License-Identifier: MIT */
/* file-hint - how long what is written to a file is to live (F_SET_RW_HINT),
 * which it loses when nobody has it open any more */
#include "victim.h"

void victim(void)
{
	int fd = must(open(victim_file("file", ""), O_RDWR));
	uint64_t hint = 2;	/* RWH_WRITE_LIFE_SHORT */

	if (fcntl(fd, F_SET_RW_HINT, &hint) < 0)
		victim_skip("no hints: %s", strerror(errno));
	victim_move();
	hint = 0;
	must(fcntl(fd, F_GET_RW_HINT, &hint));
	same(hint, 2);
}
