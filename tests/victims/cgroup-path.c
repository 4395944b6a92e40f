/* SPDX-License-Identifier: MIT */
/* cgroup-path - a child in a control group of its own is in it again */
/* ways: -rootfs because no control groups are mounted there */
#include <sys/stat.h>

#include "victim.h"

static char group[128];

static char *mine(char text[8192])
{
	int fd = must(open("/proc/self/cgroup", O_RDONLY));
	ssize_t n = must(read(fd, text, 8191));

	text[n] = '\0';
	close(fd);
	return text;
}

static bool enter(const char *root)
{
	char file[192], pid[16];
	int fd, n = snprintf(pid, sizeof(pid), "%d", getpid());
	bool done;

	snprintf(group, sizeof(group), "%s/victim-%d", root, getpid());
	if (mkdir(group, 0755) < 0)
		return false;
	snprintf(file, sizeof(file), "%s/cgroup.procs", group);
	fd = open(file, O_WRONLY);
	done = fd >= 0 && write(fd, pid, n) == n;
	if (fd >= 0)
		close(fd);
	if (!done)
		rmdir(group);
	return done;
}

static void child(void)
{
	char was[8192], now[8192];

	if (!enter("/sys/fs/cgroup/unified") && !enter("/sys/fs/cgroup") &&
	    !enter("/sys/fs/cgroup/pids"))
		victim_skip("no control group can be made");
	mine(was);
	check(strstr(was, "/victim-"));
	victim_move();
	same_text(mine(now), was);
	/* Back, so that it can be removed. */
	*strrchr(group, '/') = '\0';
	{
		char file[192];
		int fd;

		snprintf(file, sizeof(file), "%s/cgroup.procs", group);
		fd = open(file, O_WRONLY);
		if (fd >= 0 && write(fd, "0", 1) == 1)
			group[strlen(group)] = '/';
	}
	rmdir(group);
}

void victim(void)
{
	victim_reap(victim_child(child), 0);
}
