/* SPDX-License-Identifier: MIT */
/* unix-stdio - standard streams that are sockets to a process of the tree */
#include "unix.h"

void victim(void)
{
	int ends[2], n;
	char text[64] = "";
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = must(fork());
	if (!pid) {
		for (int i = 0; i < 3; i++)
			must(dup2(ends[1], i));
		must(close(ends[0]));
		must(close(ends[1]));
		execlp("sed", "sed", "-u", "s/^/got /", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	unix_say(ends[0], "one\n");
	n = must(read(ends[0], text, sizeof(text)));
	same_text(text, "got one\n");
	same(n, 8);
	victim_blocked(pid, SYS_read);
	victim_move();
	unix_say(ends[0], "two\n");
	unix_hear(ends[0], "got two\n");
	must(shutdown(ends[0], SHUT_WR));
	same(read(ends[0], text, 1), 0);
	victim_reap(pid, 0);
}
