/* SPDX-License-Identifier: MIT */
/* unix-backlog-between - a process waits to be accepted by another, and sends afterwards */
#include "unix.h"

static char *path;

static void child(void)
{
	int sock = unix_client(SOCK_STREAM, path);

	victim_arrive();
	unix_hear(sock, "welcome");
	unix_say(sock, "thanks");
}

void victim(void)
{
	int listener, server;
	pid_t pid;

	path = victim_path("sock");
	listener = unix_listener(SOCK_STREAM, path, 7);
	pid = victim_child(child);
	victim_blocked(pid, SYS_recvfrom);
	victim_move();
	server = must(accept(listener, NULL, NULL));
	unix_say(server, "welcome");
	unix_hear(server, "thanks");
	same(unix_peer(server).pid, pid);
	victim_reap(pid, 0);
}
