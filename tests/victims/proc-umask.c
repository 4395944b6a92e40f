/* SPDX-License-Identifier: MIT */
/* proc-umask - the file mode mask, another one in the child */
#include "victim.h"

#include <sys/stat.h>

static void has_mode(const char *name, unsigned int mode)
{
	struct stat st;
	int fd = must(open(victim_path(name), O_CREAT | O_WRONLY, 0777));

	must(fstat(fd, &st));
	same(st.st_mode & 07777, mode);
	close(fd);
}

static void child(void)
{
	umask(0);
	victim_wait();
	has_mode("child", 0777);
}

void victim(void)
{
	pid_t pid = victim_child(child);

	umask(0123);
	victim_move();
	has_mode("parent", 0777 & ~0123);
	same(umask(0), 0123);
	victim_reap(pid, 0);
}
