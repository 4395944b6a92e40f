/* SPDX-License-Identifier: MIT */
/* fifo-open - blocked in opening a fifo for which there is no writer yet */
#include "victim.h"

#include <sys/stat.h>

static char *path;
static volatile pid_t tid;

static void *run(void *arg)
{
	char text[8] = "";
	int fd;

	tid = syscall(SYS_gettid);
	victim_arrive();
	fd = must(open(path, O_RDONLY));
	same(read(fd, text, sizeof(text)), 5);
	same_text(text, "hello");
	return arg;
}

void victim(void)
{
	pthread_t thread;
	int fd;

	path = victim_path("fifo");
	must(mkfifo(path, 0600));
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(tid, SYS_openat);
	victim_move();
	fd = must(open(path, O_WRONLY));
	same(write(fd, "hello", 5), 5);
	zero(pthread_join(thread, NULL));
}
