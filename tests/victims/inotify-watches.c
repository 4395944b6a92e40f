/* SPDX-License-Identifier: MIT */
/* inotify-watches - numbers with gaps, masks, a file, directories, a symbolic
 * link that is watched itself; the next watch gets the next number */
#include "inotify.h"

void victim(void)
{
	int fd = must(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), wd[4], gap;
	char *one = subdir("one"), *two = subdir("two"), *link;
	char *file = victim_file("file", "text"), byte;

	link = victim_path("link");
	must(symlink(two, link));
	gap = must(inotify_add_watch(fd, "/", IN_CREATE));
	wd[0] = must(inotify_add_watch(fd, one, IN_CREATE | IN_DELETE));
	must(inotify_rm_watch(fd, gap));
	told_of(fd, gap, IN_IGNORED, "");
	wd[1] = must(inotify_add_watch(fd, file, IN_MODIFY | IN_ATTRIB));
	wd[2] = must(inotify_add_watch(fd, two, IN_CLOSE_WRITE |
				       IN_ONLYDIR));
	wd[3] = must(inotify_add_watch(fd, link, IN_ATTRIB | IN_DELETE_SELF |
				       IN_DONT_FOLLOW));
	told_none(fd);
	victim_move();
	same(file_flags(fd), O_NONBLOCK);
	same(fcntl(fd, F_GETFD), FD_CLOEXEC);
	refused(read(fd, &byte, 1), EAGAIN);
	touch(one, "new");
	told_of(fd, wd[0], IN_CREATE, "new");
	told_none(fd);
	must(truncate(file, 1));
	told_of(fd, wd[1], IN_MODIFY, "");
	touch(two, "other");
	told_of(fd, wd[2], IN_CLOSE_WRITE, "other");
	told_none(fd);
	must(unlink(link));
	told_of(fd, wd[3], IN_ATTRIB, "");
	told_of(fd, wd[3], IN_DELETE_SELF, "");
	told_of(fd, wd[3], IN_IGNORED, "");
	/* The same file is the same watch; another one is a new one. */
	same(inotify_add_watch(fd, one, IN_DELETE), wd[0]);
	same(inotify_add_watch(fd, "/", IN_DELETE_SELF), wd[3] + 1);
	must(inotify_rm_watch(fd, wd[1]));
	told_of(fd, wd[1], IN_IGNORED, "");
	refused(inotify_rm_watch(fd, wd[1]), EINVAL);
}
