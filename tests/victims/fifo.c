/* SPDX-License-Identifier: MIT */
/* fifo - named pipes: content, and both ends in two processes; new openers
 * of the name meet the old ones */
#include "victim.h"

#include <sys/stat.h>

static char *path;
static int turn[2];

static void child(void)
{
	int fd = must(open(path, O_WRONLY));
	char byte;

	same(write(fd, "before ", 7), 7);
	victim_ready();
	victim_wait();
	same(read(turn[0], &byte, 1), 1);
	same(write(fd, "after ", 6), 6);
	close(fd);
}

void victim(void)
{
	char text[64] = "";
	pid_t pid;
	int fd, late;

	path = victim_path("fifo");
	must(mkfifo(path, 0600));
	must(pipe(turn));
	pid = victim_child(child);
	fd = must(open(path, O_RDONLY));
	victim_wait();
	same(write(turn[1], "x", 1), 1);
	victim_reap(pid, 0);
	late = must(open(path, O_WRONLY | O_NONBLOCK));
	same(write(late, "late", 5), 5);
	close(late);
	same(read(fd, text, sizeof(text)), 18);
	same_text(text, "before after late");
	same(read(fd, text, 1), 0);
}
