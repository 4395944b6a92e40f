/* SPDX-License-Identifier: MIT */
/* proc-oom - oom_score_adj, another one in the child */
#include "victim.h"

static void set(const char *value)
{
	int fd = must(open("/proc/self/oom_score_adj", O_WRONLY));

	same(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

static void is(const char *value)
{
	int fd = must(open("/proc/self/oom_score_adj", O_RDONLY));
	char now[16] = "";

	check(read(fd, now, sizeof(now) - 1) > 0);
	close(fd);
	same_text(now, value);
}

static void child(void)
{
	set("456");
	victim_ready();
	victim_wait();
	is("456\n");
}

void victim(void)
{
	pid_t pid;

	set("123");
	pid = victim_child(child);
	victim_wait();
	is("123\n");
	victim_reap(pid, 0);
}
