/* SPDX-License-Identifier: MIT */
/* file-flags - the flags of fcntl(2) F_GETFL and F_GETFD */
#include "victim.h"

static const int flags[] = {
	O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND, O_RDWR | O_NONBLOCK,
	O_RDWR | O_SYNC, O_RDWR | O_DSYNC, O_RDWR | O_NOATIME,
	O_RDONLY | O_DIRECT, O_RDWR | O_APPEND | O_NONBLOCK | O_SYNC,
	/* These count when opening only. */
	O_RDONLY | O_NOFOLLOW | O_NOCTTY, O_RDWR | O_CREAT,
};
#define COUNT	(int)(sizeof(flags) / sizeof(*flags))

void victim(void)
{
	char *path = victim_file("file", "text");
	int fd[2 * COUNT], was[2 * COUNT];

	for (int i = 0; i < 2 * COUNT; i++) {
		int more = i < COUNT ? 0 : O_CLOEXEC;

		fd[i] = open(path, flags[i % COUNT] | more, 0600);
		/* Not every file system has O_DIRECT. */
		if (fd[i] < 0 && errno == EINVAL)
			fd[i] = open(path, O_RDONLY | more);
		must(fd[i]);
		was[i] = file_flags(fd[i]);
	}
	/* Changed since it was opened. */
	must(fcntl(fd[0], F_SETFL, O_APPEND | O_NONBLOCK));
	was[0] = file_flags(fd[0]);
	must(fcntl(fd[3], F_SETFL, 0));
	was[3] = file_flags(fd[3]);
	victim_move();
	for (int i = 0; i < 2 * COUNT; i++) {
		int now = file_flags(fd[i]);

		if (now != was[i])
			victim_fail("flags %#o became %#o", was[i], now);
		same(fcntl(fd[i], F_GETFD), i < COUNT ? 0 : FD_CLOEXEC);
	}
}
