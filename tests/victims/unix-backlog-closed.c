/* SPDX-License-Identifier: MIT */
/* unix-backlog-closed - a client that went before it was accepted */
#include "unix.h"

void victim(void)
{
	char *path = victim_path("sock"), c;
	int listener = unix_listener(SOCK_STREAM, path, 7), server, client;

	close(unix_client(SOCK_STREAM, path));
	client = unix_client(SOCK_STREAM, path);
	victim_move();
	server = must(accept(listener, NULL, NULL));
	same(read(server, &c, 1), 0);
	server = must(accept(listener, NULL, NULL));
	unix_say(client, "second");
	unix_hear(server, "second");
	must(fcntl(listener, F_SETFL, O_NONBLOCK));
	refused(accept(listener, NULL, NULL), EAGAIN);
}
