/* SPDX-License-Identifier: MIT */
/* uring-rings - an io_uring whose counters have gone round: with completions that
 * nobody has looked at, and requests that are written and not submitted */
#include "uring.h"

#define ROUNDS	1000
#define TEXT	"what is read through the ring"

void victim(void)
{
	int fd = must(open(victim_file("text", TEXT), O_RDONLY));
	char text[64] = { 0 };
	struct io_uring_sqe *sqe;
	struct ring r;

	ring_open(&r, 16, 0);
	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < 7; k++)
			ring_nop(&r, i * 7 + k);
		same(ring_enter(&r, 7, 7), 7);
		for (int k = 0; k < 7; k++)
			ring_has(&r, i * 7 + k, 0);
	}
	for (int k = 0; k < 3; k++)
		ring_nop(&r, 100 + k);
	same(ring_enter(&r, 3, 3), 3);
	ring_has(&r, 100, 0);
	sqe = ring_next(&r);
	sqe->opcode = IORING_OP_READ;
	sqe->fd = fd;
	sqe->addr = (uint64_t)text;
	sqe->len = sizeof(text);
	sqe->user_data = 7;
	victim_move();
	ring_has(&r, 101, 0);
	ring_has(&r, 102, 0);
	check(ring_is_empty(&r));
	same(ring_enter(&r, 1, 1), 1);
	ring_has(&r, 7, sizeof(TEXT) - 1);
	same_text(text, TEXT);
	for (int i = 0; i < 100; i++)
		ring_works(&r, i);
	check(ring_is_empty(&r));
}
