/* SPDX-License-Identifier: MIT */
/* unix-replaced - two listeners at one path, of which the older has lost it */
#include "unix.h"

void victim(void)
{
	char *path = victim_path("sock");
	int old = unix_listener(SOCK_STREAM, path, 5), client, server, young;

	client = unix_client(SOCK_STREAM, path);
	server = must(accept(old, NULL, NULL));
	must(unlink(path));
	young = unix_listener(SOCK_STREAM, path, 5);
	victim_move();
	unix_say(unix_client(SOCK_STREAM, path), "to the younger");
	must(fcntl(old, F_SETFL, O_NONBLOCK));
	refused(accept(old, NULL, NULL), EAGAIN);
	unix_hear(must(accept(young, NULL, NULL)), "to the younger");
	unix_say(client, "x");
	unix_hear(server, "x");
}
