/* SPDX-License-Identifier: MIT */
/* proc-cwd - the working directory, another one in the child */
#include "victim.h"

#include <limits.h>
#include <sys/stat.h>

static void enter(const char *name)
{
	char *path = victim_path(name);

	must(mkdir(path, 0755));
	must(chdir(path));
}

static void is_in(const char *name)
{
	char now[PATH_MAX], real[PATH_MAX];

	check(getcwd(now, sizeof(now)));
	check(realpath(victim_path(name), real));
	same_text(now, real);
	close(must(open("relative", O_CREAT | O_EXCL | O_WRONLY, 0644)));
	must(access(strcat(real, "/relative"), F_OK));
}

static void child(void)
{
	enter("with\nnewline");
	victim_ready();
	victim_wait();
	is_in("with\nnewline");
}

void victim(void)
{
	pid_t pid;

	enter("parent");
	pid = victim_child(child);
	victim_wait();
	is_in("parent");
	victim_reap(pid, 0);
}
