/* SPDX-License-Identifier: MIT */
/* uring-event - an eventfd that is told of completions */
/* refused: with an eventfd */
#include <sys/eventfd.h>

#include "uring.h"

static void hold(struct ring r)
{
	int fd = must(eventfd(0, 0));

	same(syscall(SYS_io_uring_register, r.fd,
		     IORING_REGISTER_EVENTFD, &fd, 1), 0);
}

void victim(void)
{
	struct ring r;

	ring_open(&r, 8, 0);
	hold(r);
	victim_move();
	ring_works(&r, 3);
}
