/* SPDX-License-Identifier: MIT */
/* inotify-oneshot - IN_ONESHOT and IN_EXCL_UNLINK are kept */
#include "inotify.h"

void victim(void)
{
	int fd = must(inotify_init1(0)), once, excl, file;
	char *one = subdir("one"), *two = subdir("two"), path[4096];

	touch(two, "gone");
	snprintf(path, sizeof(path), "%s/gone", two);
	file = must(open(path, O_WRONLY));
	once = must(inotify_add_watch(fd, one, IN_CREATE | IN_ONESHOT));
	excl = must(inotify_add_watch(fd, two, IN_MODIFY | IN_EXCL_UNLINK));
	victim_move();
	touch(one, "a");
	touch(one, "b");
	told_of(fd, once, IN_CREATE, "a");
	told_of(fd, once, IN_IGNORED, "");
	told_none(fd);
	same(write(file, "x", 1), 1);
	told_of(fd, excl, IN_MODIFY, "gone");
	must(unlink(path));
	same(write(file, "x", 1), 1);
	told_none(fd);
}
