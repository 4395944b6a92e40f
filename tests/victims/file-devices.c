/* SPDX-License-Identifier: MIT */
/* file-devices - /dev/null and its kin */
#include "victim.h"

#include <sys/stat.h>

static const char *const names[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random",
};

void victim(void)
{
	char zeros[100] = "", bytes[100];
	struct stat was[5], now;
	int fd[5];

	for (int i = 0; i < 5; i++) {
		fd[i] = must(open(names[i], i == 4 ? O_RDONLY : O_RDWR));
		must(fstat(fd[i], &was[i]));
	}
	victim_move();
	for (int i = 0; i < 5; i++) {
		must(fstat(fd[i], &now));
		same(now.st_rdev, was[i].st_rdev);
		check(S_ISCHR(now.st_mode));
	}
	same(read(fd[0], bytes, 100), 0);
	same(write(fd[0], bytes, 100), 100);
	memset(bytes, 1, 100);
	same(read(fd[1], bytes, 100), 100);
	same(memcmp(bytes, zeros, 100), 0);
	refused(write(fd[2], bytes, 1), ENOSPC);
	same(read(fd[3], bytes, 100), 100);
	check(memcmp(bytes, zeros, 100));
	refused(write(fd[4], bytes, 1), EBADF);
}
