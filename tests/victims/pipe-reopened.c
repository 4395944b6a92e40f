/* SPDX-License-Identifier: MIT */
/* pipe-reopened - ends opened anew by /proc/self/fd: descriptions of their
 * own on the same pipe, one of them for both directions */
#include "victim.h"

static int open_fd(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return must(open(path, flags));
}

void victim(void)
{
	int ends[2], second, both, was[3];
	char text[16] = "";

	must(pipe(ends));
	second = open_fd(ends[1], O_WRONLY | O_NONBLOCK);
	both = open_fd(ends[0], O_RDWR);
	same(write(both, "1", 1), 1);
	same(write(second, "2", 1), 1);
	was[0] = file_flags(ends[1]);
	was[1] = file_flags(second);
	was[2] = file_flags(both);
	victim_move();
	same(write(ends[1], "3", 1), 1);
	same(read(both, text, 1), 1);
	same(read(ends[0], text + 1, 5), 2);
	same_text(text, "123");
	same(file_flags(ends[1]), was[0]);
	same(file_flags(second), was[1]);
	same(file_flags(both), was[2]);
}
