/* SPDX-License-Identifier: MIT */
/* aio-unread - events of asynchronous I/O that nobody has taken, in a ring that has
 * gone round */
#include "aio.h"

#define EVENTS	50

void victim(void)
{
	int fd = must(open(victim_file("text", "Text"), O_RDONLY));
	aio_context_t ctx = aio_open(100);
	struct iocb all[EVENTS];
	char text[EVENTS];
	int room;

	/* The first of them stands just before the end of the ring. */
	for (int i = 0; i < 255 - EVENTS / 2; i++)
		aio_works(ctx, fd, i);
	for (int i = 0; i < EVENTS; i++) {
		all[i] = aio_request(IOCB_CMD_PREAD, fd, &text[i], i % 5,
				     1000 + i);
		aio_submit(ctx, &all[i]);
	}
	victim_move();
	for (int i = 0; i < EVENTS; i++)
		aio_has(ctx, &all[i], 1000 + i, i % 5);
	check(aio_is_empty(ctx));
	for (int i = 0; i < 1000; i++)
		aio_works(ctx, fd, i);
	room = aio_capacity(ctx, fd);
	check(room >= 100 && room < 255);
	check(aio_is_empty(ctx));
}
