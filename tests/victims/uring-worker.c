/* SPDX-License-Identifier: MIT */
/* uring-worker - the kernel's own threads that work for an io_uring, which hear no
 * tracer, are left where they are */
#include <dirent.h>

#include "uring.h"

#define TEXT	"read by somebody else"

static void read_by_worker(struct ring *r, int fd)
{
	char text[64] = { 0 };
	struct io_uring_sqe *sqe = ring_next(r);

	sqe->opcode = IORING_OP_READ;
	sqe->flags = IOSQE_ASYNC;
	sqe->fd = fd;
	sqe->addr = (uint64_t)text;
	sqe->len = sizeof(text);
	sqe->user_data = 9;
	same(ring_enter(r, 1, 1), 1);
	ring_has(r, 9, sizeof(TEXT) - 1);
	same_text(text, TEXT);
}

static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

void victim(void)
{
	int fd = must(open(victim_file("text", TEXT), O_RDONLY));
	struct ring r;

	ring_open(&r, 8, 0);
	read_by_worker(&r, fd);
	if (threads() < 2)
		victim_skip("no thread of the kernel is seen in the process");
	victim_move();
	read_by_worker(&r, fd);
}
