/* SPDX-License-Identifier: MIT */
/* aio-full - a ring that is full of events takes no more requests until some have
 * been taken */
#include "aio.h"

void victim(void)
{
	int fd = must(open(victim_file("text", "Text"), O_RDONLY));
	aio_context_t ctx = aio_open(1);
	struct iocb none = aio_request(IOCB_CMD_PREAD, fd, NULL, 0, 0);
	struct iocb *one = &none;
	int n = 0;

	for (;; n++) {
		none.aio_data = n;
		if (syscall(SYS_io_submit, ctx, 1L, &one) != 1)
			break;
	}
	same(errno, EAGAIN);
	victim_move();
	none.aio_data = 9999;
	/* A processor may have kept some free for its own. */
	for (int i = 0; i < n && syscall(SYS_io_submit, ctx, 1L, &one) == 1;
	     i++)
		none.aio_data++;
	same(errno, EAGAIN);
	for (int i = 0; i < n; i++)
		aio_has(ctx, &none, i, 0);
	while (!aio_is_empty(ctx))
		;
	aio_works(ctx, fd, 1);
}
