/* SPDX-License-Identifier: MIT */
/* aio-part - a ring of which only the first part is still mapped */
/* refused: mapped in part */
#include "aio.h"

void victim(void)
{
	int fd = must(open(victim_file("text", "Text"), O_RDONLY));
	aio_context_t ctx = aio_open(300);

	must(munmap((char *)ctx + 4096, 4096 * 4));
	victim_move();
	aio_works(ctx, fd, 3);
}
