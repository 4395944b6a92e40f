/* SPDX-License-Identifier: MIT */
/* unix-abstract - a name that is no path, with its connections */
/* ways: -taken because the stopped source still has the abstract name */
#include "unix.h"

void victim(void)
{
	char *name = unix_own_name();
	int listener = unix_listener(SOCK_STREAM, name, 5);
	int client = unix_client(SOCK_STREAM, name);
	int server = must(accept(listener, NULL, NULL));

	unix_say(client, "before");
	victim_move();
	unix_hear(server, "before");
	same_text(unix_name(listener, false), name);
	same_text(unix_name(server, false), name);
	same_text(unix_name(client, true), name);
	client = unix_client(SOCK_STREAM, name);
	server = must(accept(listener, NULL, NULL));
	unix_say(client, "after");
	unix_hear(server, "after");
	close(listener);
	refused(unix_connect(unix_socket(SOCK_STREAM), name), ECONNREFUSED);
}
