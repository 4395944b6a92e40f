/* SPDX-License-Identifier: MIT */
/* unix-syslog - a datagram socket connected to a server outside finds it again */
#include "unix.h"

static int server;
static char *path;

static void outsider(void)
{
	char got[64];
	int log = must(open("log.txt", O_CREAT | O_APPEND | O_WRONLY, 0644));
	ssize_t n;

	while ((n = recv(server, got, sizeof(got), 0)) > 0) {
		if (!memcmp(got, "end", 3))
			break;
		same(write(log, got, n), n);
	}
	rename("log.txt", "log.done");
}

void victim(void)
{
	char got[64] = "";
	int sock, fd;

	path = victim_path("server");
	server = unix_socket(SOCK_DGRAM);
	unix_bind(server, path);
	unix_outsider(outsider);
	close(server);
	sock = unix_socket(SOCK_DGRAM | SOCK_CLOEXEC);
	must(unix_connect(sock, path));
	unix_say(sock, "before\n");
	victim_move();
	same_text(unix_name(sock, true), path);
	unix_say(sock, "after\n");
	unix_say(sock, "end");
	while ((fd = open("log.done", O_RDONLY)) < 0)
		victim_sleep(0.01);
	must(read(fd, got, sizeof(got) - 1));
	same_text(got, "before\nafter\n");
}
