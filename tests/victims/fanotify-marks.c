/* SPDX-License-Identifier: MIT */
/* fanotify-marks - marks of a directory with its files, of a file, and one that
 * is ignored; of a group that gets descriptors and one that gets handles */
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "victim.h"

static int group(unsigned int flags)
{
	int fd = fanotify_init(flags | FAN_NONBLOCK, O_RDONLY);

	if (fd < 0)
		victim_skip("no fanotify: %s", strerror(errno));
	return fd;
}

static void touch(const char *path)
{
	close(must(open(path, O_WRONLY | O_CREAT, 0644)));
}

/* Events of different masks on one file may be one event. */
static uint64_t told(int fd)
{
	struct fanotify_event_metadata ev[64];
	ssize_t n = read(fd, ev, sizeof(ev));
	uint64_t mask = 0;

	check(n > 0 || errno == EAGAIN);
	for (struct fanotify_event_metadata *e = ev; FAN_EVENT_OK(e, n);
	     e = FAN_EVENT_NEXT(e, n)) {
		mask |= e->mask;
		if (e->fd >= 0)
			close(e->fd);
	}
	return mask;
}

void victim(void)
{
	int fds = group(FAN_CLASS_NOTIF), handles = group(FAN_REPORT_FID |
							  FAN_REPORT_DIR_FID);
	char *dir = victim_path("dir"), *in = victim_path("dir/in");
	char *file = victim_file("file", "x"), *quiet = victim_path("dir/quiet");

	must(mkdir(dir, 0755));
	touch(in);
	touch(quiet);
	must(fanotify_mark(fds, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD,
			   AT_FDCWD, dir));
	must(fanotify_mark(fds, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, file));
	must(fanotify_mark(fds, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK |
			   FAN_MARK_IGNORED_SURV_MODIFY, FAN_OPEN, AT_FDCWD,
			   quiet));
	must(fanotify_mark(handles, FAN_MARK_ADD, FAN_CREATE | FAN_DELETE,
			   AT_FDCWD, dir));
	victim_move();
	same(told(fds), 0);
	same(told(handles), 0);
	touch(in);
	same(told(fds), FAN_OPEN);
	touch(file);
	same(told(fds), FAN_CLOSE_WRITE);
	touch(quiet);
	same(told(fds), 0);
	touch(victim_path("dir/new"));
	same(told(handles), FAN_CREATE);
	must(unlink(in));
	same(told(handles), FAN_DELETE);
	same(told(fds), FAN_OPEN);
}
