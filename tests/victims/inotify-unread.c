/* SPDX-License-Identifier: MIT */
/* inotify-unread - what has happened and was not read yet is not lost */
/* refused: nobody can put events back */
#include "inotify.h"

void victim(void)
{
	char *dir = subdir("dir");
	int fd = must(inotify_init1(0)), wd;

	wd = must(inotify_add_watch(fd, dir, IN_CREATE));
	touch(dir, "a");
	victim_move();
	told_of(fd, wd, IN_CREATE, "a");
	told_none(fd);
}
