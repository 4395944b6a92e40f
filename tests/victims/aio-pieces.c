/* SPDX-License-Identifier: MIT */
/* aio-pieces - a ring of which a part is protected otherwise cannot be put together
 * again */
/* refused: in pieces */
#include "aio.h"

void victim(void)
{
	int fd = must(open(victim_file("text", "Text"), O_RDONLY));
	aio_context_t ctx = aio_open(300);

	must(mprotect((char *)ctx + 4096, 4096, PROT_READ));
	victim_move();
	aio_works(ctx, fd, 3);
}
