/* SPDX-License-Identifier: MIT */
/* uring-files - files that are registered cannot be told */
/* refused: registered files */
#include "uring.h"

static void hold(struct ring r)
{
	int fd = 0;

	same(syscall(SYS_io_uring_register, r.fd,
		     IORING_REGISTER_FILES, &fd, 1), 0);
}

void victim(void)
{
	struct ring r;

	ring_open(&r, 8, 0);
	hold(r);
	victim_move();
	ring_works(&r, 3);
}
