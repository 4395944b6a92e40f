/* SPDX-License-Identifier: MIT */
/* lock-inherited - locks of descriptions that a child has as well, and one
 * process's locks through two descriptions of one file */
/* ways: -taken because its source, stopped, still holds the locks */
#include "victim.h"

#include <sys/file.h>

static int whole, ofd, twice;
static char *path;

static bool taken(int fd, int type, long at)
{
	struct flock lock = { .l_type = type, .l_start = at, .l_len = 1 };

	must(fcntl(fd, F_OFD_GETLK, &lock));
	return lock.l_type != F_UNLCK;
}

static void child(void)
{
	int mine = must(open(path, O_RDWR));

	victim_wait();
	refused(flock(mine, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	check(taken(mine, F_WRLCK, 100));
	check(taken(mine, F_WRLCK, 200));
	check(taken(mine, F_WRLCK, 300));
	check(!taken(mine, F_RDLCK, 300));
	check(!taken(mine, F_WRLCK, 400));
	/* The description is ours as well: its locks are no hindrance. */
	must(flock(whole, LOCK_EX | LOCK_NB));
	check(!taken(ofd, F_WRLCK, 100));
	must(flock(whole, LOCK_UN));
	must(flock(mine, LOCK_EX | LOCK_NB));
}

static void lock(int fd, int cmd, int type, long at)
{
	struct flock l = { .l_type = type, .l_start = at, .l_len = 10 };

	must(fcntl(fd, cmd, &l));
}

void victim(void)
{
	pid_t pid;

	path = victim_file("file", "");
	whole = must(open(path, O_RDWR));
	ofd = must(open(path, O_RDWR));
	twice = must(open(path, O_RDWR));
	must(flock(whole, LOCK_EX));
	lock(ofd, F_OFD_SETLK, F_WRLCK, 100);
	lock(whole, F_SETLK, F_WRLCK, 200);
	lock(twice, F_SETLK, F_RDLCK, 300);
	pid = victim_child(child);
	victim_move();
	victim_reap(pid, 0);
	/* A process's own locks never hinder itself. */
	lock(twice, F_SETLK, F_WRLCK, 200);
}
