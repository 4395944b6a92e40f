/* SPDX-License-Identifier: MIT */
/* proc-few-fds - a limit on descriptors below those that are open, a limit
 * on file size of 0, and on address space of what there is */
#include "victim.h"

#include <sys/resource.h>

static void limit(int which, long value)
{
	struct rlimit limit;

	must(getrlimit(which, &limit));
	limit.rlim_cur = value;
	must(setrlimit(which, &limit));
}

/* The child has the limits, so that it is not the one to write files. */
static void child(void)
{
	int fd = must(fcntl(0, F_DUPFD, 300));

	limit(RLIMIT_NOFILE, 5);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_AS, atol(field("/proc/self/status", "VmSize")) * 1024);
	limit(RLIMIT_NPROC, 1);
	limit(RLIMIT_DATA, 4096);
	limit(RLIMIT_STACK, 65536);
	limit(RLIMIT_MEMLOCK, 0);
	limit(RLIMIT_SIGPENDING, 0);
	victim_ready();
	victim_wait();
	must(fcntl(fd, F_GETFD));
	while (dup(0) >= 0)
		;
	same(errno, EMFILE);
	refused(mmap(NULL, 1 << 24, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0), ENOMEM);
}

void victim(void)
{
	pid_t pid = victim_child(child);

	victim_wait();
	victim_reap(pid, 0);
}
