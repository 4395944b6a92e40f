/* SPDX-License-Identifier: MIT */
/* taking.c - a copy of a descriptor that another process has open */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/proc.h"

#define OPEN_THREAD O_EXCL	/* PIDFD_THREAD, Linux 6.9 */

int proc_take_fd(pid_t tid, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, tid, 0), copy, err;

	/* Of a process whose main thread has ended: by another one. */
	if (pidfd < 0)
		pidfd = syscall(SYS_pidfd_open, tid, OPEN_THREAD);
	if (pidfd < 0)
		return -1;
	copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	err = errno;
	close(pidfd);
	errno = err;
	return copy;
}
