/* SPDX-License-Identifier: MIT */
/* inotify-many - two hundred directories, watched by two descriptors */
#include "inotify.h"

#define COUNT	200

void victim(void)
{
	int fd[2], wd[2][COUNT];
	char *dirs[COUNT];

	fd[0] = must(inotify_init1(0));
	fd[1] = must(inotify_init1(0));
	for (int i = 0; i < COUNT; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%d", i);
		dirs[i] = subdir(name);
		wd[0][i] = must(inotify_add_watch(fd[0], dirs[i], IN_CREATE));
		wd[1][i] = i % 2 ? 0 :
			must(inotify_add_watch(fd[1], dirs[i], IN_DELETE));
	}
	victim_move();
	for (int i = 0; i < COUNT; i++)
		touch(dirs[i], "x");
	told_none(fd[1]);
	for (int i = 0; i < COUNT; i++)
		told_of(fd[0], wd[0][i], IN_CREATE, "x");
	for (int i = 0; i < COUNT; i += 2) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/x", dirs[i]);
		must(unlink(path));
	}
	for (int i = 0; i < COUNT; i += 2)
		told_of(fd[1], wd[1][i], IN_DELETE, "x");
	told_none(fd[0]);
}
