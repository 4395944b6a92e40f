/* SPDX-License-Identifier: MIT */
/* fanotify-decides - a group that others wait for */
/* refused: they would wait while it is moved */
#include <sys/fanotify.h>

#include "victim.h"

void victim(void)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_NONBLOCK, O_RDONLY);
	char *file = victim_file("file", "x");

	if (fd < 0)
		victim_skip("no fanotify: %s", strerror(errno));
	must(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, file));
	victim_move();
	must(fanotify_mark(fd, FAN_MARK_REMOVE, FAN_OPEN_PERM, AT_FDCWD, file));
}
