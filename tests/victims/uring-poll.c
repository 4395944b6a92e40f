/* SPDX-License-Identifier: MIT */
/* uring-poll - a request that waits for what may never come */
/* refused: requests are under way */
#include "uring.h"

static int pipes[2];

static void hold(struct ring r)
{
	struct io_uring_sqe *sqe = ring_next(&r);

	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = pipes[0];
	sqe->poll_events = 1;
	same(ring_enter(&r, 1, 0), 1);
}

void victim(void)
{
	struct ring r;

	must(pipe(pipes));
	ring_open(&r, 8, 0);
	hold(r);
	victim_move();
	ring_works(&r, 3);
}
