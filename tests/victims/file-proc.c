/* SPDX-License-Identifier: MIT */
/* file-proc - files of /proc that a program keeps open: its own, its child's,
 * its thread's, and the system's, read half way */
#include "victim.h"

#include <dirent.h>
#include <sys/stat.h>

static int thread_comm = -1;
static volatile int done;

static void *run(void *arg)
{
	(void)arg;
	must(pthread_setname_np(pthread_self(), "the-thread"));
	thread_comm = must(open("/proc/thread-self/comm", O_RDWR));
	victim_arrive();
	while (!done)
		victim_sleep(0.01);
	return NULL;
}

static void child(void)
{
	must(pthread_setname_np(pthread_self(), "the-child"));
	victim_arrive();
	victim_wait();
}

static void starts(int fd, const char *with)
{
	char text[64] = "";

	check(pread(fd, text, sizeof(text) - 1, 0) > 0);
	text[strlen(with)] = '\0';
	same_text(text, with);
}

static pid_t named(const char *name)
{
	char path[64], text[16] = "", *want;
	pid_t pid = victim_child(child);
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	want = strcat(strcpy(malloc(32), name), "\n");
	do {
		fd = must(open(path, O_RDONLY));
		memset(text, 0, sizeof(text));
		check(read(fd, text, 15) > 0);
		close(fd);
	} while (strcmp(text, want));
	return pid;
}

void victim(void)
{
	pthread_t thread = victim_thread(run, NULL);
	pid_t pid = named("the-child");
	char path[64], first[17] = "", rest[4096] = "";
	int comm, childs, meminfo, fds, adj;
	DIR *dir;

	victim_gather(1);
	comm = must(open("/proc/self/comm", O_RDWR));
	adj = must(open("/proc/self/oom_score_adj", O_RDONLY));
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	childs = must(open(path, O_RDONLY));
	meminfo = must(open("/proc/meminfo", O_RDONLY));
	same(read(meminfo, first, 16), 16);
	fds = must(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
	must(pthread_setname_np(pthread_self(), "the-top"));
	victim_move();
	starts(comm, "the-top\n");
	same(write(comm, "renamed", 7), 7);
	same_text(field("/proc/self/status", "Name:"), "renamed");
	starts(childs, "the-child\n");
	starts(thread_comm, "the-thread\n");
	check(pread(adj, path, 8, 0) > 0);
	check(read(meminfo, rest, sizeof(rest) - 1) > 100);
	check(strstr(rest, "MemFree:") && strncmp(rest, "MemTotal", 8));
	dir = fdopendir(dup(fds));
	check(dir && readdir(dir));
	snprintf(path, sizeof(path), "%d", comm);
	must(faccessat(fds, path, F_OK, AT_SYMLINK_NOFOLLOW));
	victim_reap(pid, 0);
	done = 1;
	zero(pthread_join(thread, NULL));
}
