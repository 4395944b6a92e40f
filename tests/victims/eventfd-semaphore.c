/* SPDX-License-Identifier: MIT */
/* eventfd-semaphore - EFD_SEMAPHORE: each read takes one */
#include <sys/eventfd.h>

#include "victim.h"

void victim(void)
{
	int fd[4];
	uint64_t n;

	for (int i = 0; i < 4; i++)
		fd[i] = must(eventfd(i, EFD_SEMAPHORE | EFD_NONBLOCK));
	victim_move();
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < i; k++) {
			same(read(fd[i], &n, sizeof(n)), 8);
			same(n, 1);
		}
		refused(read(fd[i], &n, sizeof(n)), EAGAIN);
		n = 2;
		same(write(fd[i], &n, sizeof(n)), 8);
		same(read(fd[i], &n, sizeof(n)), 8);
		same(n, 1);
	}
}
