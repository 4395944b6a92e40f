/* SPDX-License-Identifier: MIT */
/* lock-waiter - a child waits for a lock that its parent holds: it gets it
 * when the parent lets go, after the move, and not before */
/* ways: -taken because its source, stopped, still holds the locks */
#include "victim.h"

#include <sys/file.h>

static char *path;

static void child(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 10, .l_len = 5 };
	int fd = must(open(path, O_RDWR));
	char byte;

	while (fcntl(fd, F_SETLKW, &lock) < 0)
		check(errno == EINTR);
	same(pread(fd, &byte, 1, 0), 1);
	same(byte, 'B');
}

static void other(void)
{
	int fd = must(open(path, O_RDWR));
	char byte;

	while (flock(fd, LOCK_EX) < 0)
		check(errno == EINTR);
	same(pread(fd, &byte, 1, 0), 1);
	same(byte, 'B');
}

void victim(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 0, .l_len = 20 };
	pid_t a, b;
	int fd;

	path = victim_file("file", "A");
	fd = must(open(path, O_RDWR));
	must(fcntl(fd, F_SETLK, &lock));
	must(flock(fd, LOCK_EX));
	a = victim_child(child);
	b = victim_child(other);
	victim_blocked(a, SYS_fcntl);
	victim_blocked(b, SYS_flock);
	victim_move();
	victim_sleep(0.05);
	same(pwrite(fd, "B", 1, 0), 1);
	lock.l_type = F_UNLCK;
	must(fcntl(fd, F_SETLK, &lock));
	must(flock(fd, LOCK_UN));
	victim_reap(a, 0);
	victim_reap(b, 0);
}
