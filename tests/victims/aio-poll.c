/* SPDX-License-Identifier: MIT */
/* aio-poll - a request that waits for what may never come; events that wait are
 * left to the program */
/* refused: under way that does not end */
#include <poll.h>

#include "aio.h"

void victim(void)
{
	int fd = must(open(victim_file("text", "Text"), O_RDONLY)), pipes[2];
	aio_context_t ctx = aio_open(4);
	struct iocb none = aio_request(IOCB_CMD_PREAD, fd, NULL, 0, 7), wait;

	must(pipe(pipes));
	wait = aio_request(IOCB_CMD_POLL, pipes[0], NULL, 0, 9);
	wait.aio_buf = POLLIN;
	for (int i = 0; i < 10; i++)
		aio_works(ctx, fd, i);
	aio_submit(ctx, &none);
	aio_submit(ctx, &wait);
	aio_submit(ctx, &none);
	victim_move();
	aio_has(ctx, &none, 7, 0);
	same(write(pipes[1], "x", 1), 1);
	aio_has(ctx, &none, 7, 0);
	aio_has(ctx, &wait, 9, POLLIN | POLLRDNORM);
	check(aio_is_empty(ctx));
}
