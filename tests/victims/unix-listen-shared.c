/* SPDX-License-Identifier: MIT */
/* unix-listen-shared - children that wait for connections on one socket */
#include "unix.h"

static int listener;

static void child(void)
{
	int sock = must(accept(listener, NULL, NULL));

	unix_hear(sock, "work");
	unix_say(sock, "done");
}

void victim(void)
{
	char *path = victim_path("sock");
	pid_t pid[3];

	listener = unix_listener(SOCK_STREAM, path, 10);
	for (int i = 0; i < 3; i++) {
		pid[i] = victim_child(child);
		victim_blocked(pid[i], SYS_accept);
	}
	victim_move();
	for (int i = 0; i < 3; i++) {
		int sock = unix_client(SOCK_STREAM, path);

		unix_say(sock, "work");
		unix_hear(sock, "done");
	}
	for (int i = 0; i < 3; i++)
		victim_reap(pid[i], 0);
}
