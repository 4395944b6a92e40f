/* SPDX-License-Identifier: MIT */
/* file-deleted-shared - a deleted file that parent and child have open, each
 * for itself, is still one file for both */
#include "victim.h"

static int fd;

static void child(void)
{
	char path[64], byte;
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = must(open(path, O_RDWR));
	victim_ready();
	victim_wait();
	do
		same(pread(own, &byte, 1, 0), 1);
	while (byte != 'p');
	same(pwrite(own, "c", 1, 1), 1);
}

void victim(void)
{
	char *path = victim_file("file", "..");
	char text[3] = "";
	pid_t pid;

	fd = must(open(path, O_RDWR));
	must(unlink(path));
	pid = victim_child(child);
	victim_wait();
	same(pwrite(fd, "p", 1, 0), 1);
	victim_reap(pid, 0);
	same(pread(fd, text, 2, 0), 2);
	same_text(text, "pc");
}
