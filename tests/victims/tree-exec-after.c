/* SPDX-License-Identifier: MIT */
/* tree-exec-after - the victim becomes another program after the move, under
 * its PID, with its descriptors and what exec keeps */
#include "victim.h"

void victim(void)
{
	char *dir = victim_path("");
	char script[4096], pid[32];
	int fd = must(open(victim_file("file", "one\ntwo\n"), O_RDONLY));
	char text[8];

	same(dup2(fd, 7), 7);
	same(read(7, text, 4), 4);
	signal(SIGTERM, SIG_IGN);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	snprintf(script, sizeof(script),
		 "read -r line <&7; cd '%s' || exit\n"
		 "[ \"$line\" = two ] || echo wrong line >result\n"
		 "[ $$ = %s ] || echo wrong PID >result\n"
		 "kill -TERM $$\n"
		 "[ -e result ] || echo ok >result\n"
		 "[ \"$(cat result)\" = ok ]\n", dir, pid);
	victim_move();
	execl("/bin/sh", "sh", "-c", script, NULL);
	victim_fail("exec: %s", strerror(errno));
}
