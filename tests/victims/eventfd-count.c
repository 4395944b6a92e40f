/* SPDX-License-Identifier: MIT */
/* eventfd-count - counts of every size, flags, two numbers for one counter */
#include <sys/eventfd.h>

#include "victim.h"

static const uint64_t counts[] = {
	0, 1, 2, 255, 0xffffffff, 0x100000000, 0x123456789abcdef0,
	0xfffffffffffffffe,
};
#define COUNT	(int)(sizeof(counts) / sizeof(*counts))

static uint64_t got(int fd)
{
	uint64_t n;

	same(read(fd, &n, sizeof(n)), sizeof(n));
	return n;
}

void victim(void)
{
	int fd[COUNT], twin[COUNT];
	uint64_t n;

	for (int i = 0; i < COUNT; i++) {
		fd[i] = must(eventfd(0, (i % 2 ? EFD_NONBLOCK : 0) |
				     (i & 2 ? EFD_CLOEXEC : 0)));
		if (counts[i])
			same(write(fd[i], &counts[i], 8), 8);
		twin[i] = must(dup(fd[i]));
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		same(file_flags(fd[i]), O_RDWR | (i % 2 ? O_NONBLOCK : 0));
		same(fcntl(fd[i], F_GETFD), i & 2 ? FD_CLOEXEC : 0);
		same(fcntl(twin[i], F_GETFD), 0);
		if (counts[i])
			same(got(i & 1 ? twin[i] : fd[i]), counts[i]);
		/* All was read, through the other number as well. */
		must(fcntl(fd[i], F_SETFL, O_NONBLOCK));
		refused(read(twin[i], &n, sizeof(n)), EAGAIN);
		n = 7 + i;
		same(write(fd[i], &n, sizeof(n)), 8);
		same(got(twin[i]), 7 + i);
	}
}
