/* SPDX-License-Identifier: MIT */
/* fanotify-mount - marks of a mount and of a file system */
#include <sys/fanotify.h>

#include "victim.h"

static void shown(int fd, const char *part)
{
	char path[64], text[4096] = "";
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = must(open(path, O_RDONLY));
	must(read(info, text, sizeof(text) - 1));
	close(info);
	if (!strstr(text, part))
		victim_fail("no \"%s\" in: %s", part, text);
}

void victim(void)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_UNLIMITED_QUEUE |
			       FAN_NONBLOCK, O_RDWR | O_LARGEFILE);

	if (fd < 0)
		victim_skip("no fanotify: %s", strerror(errno));
	/* Of what hardly anybody does. */
	must(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_MODIFY,
			   AT_FDCWD, "/sys"));
	must(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			   FAN_CLOSE_WRITE, AT_FDCWD, "/sys"));
	victim_move();
	shown(fd, "flags:12 event-flags:8002");
	shown(fd, "mask:2 ");
	shown(fd, "mask:8 ");
	shown(fd, "mnt_id:");
	shown(fd, "fanotify sdev:");
}
