/* SPDX-License-Identifier: MIT */
/* file-dnotify - changes in a directory are told by a signal (F_NOTIFY) */
/* refused: F_NOTIFY */
#include "victim.h"

static volatile sig_atomic_t told;

static void handler(int signal)
{
	(void)signal;
	told = 1;
}

void victim(void)
{
	struct sigaction sa = { .sa_handler = handler };
	int fd = must(open(victim_path(""), O_RDONLY | O_DIRECTORY));

	must(sigaction(SIGIO, &sa, NULL));
	if (fcntl(fd, F_NOTIFY, 0x80000000 | 4 /* DN_CREATE */) < 0)
		victim_skip("no F_NOTIFY: %s", strerror(errno));
	victim_move();
	victim_file("new", "");
	check(told);
}
