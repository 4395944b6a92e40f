/* SPDX-License-Identifier: MIT */
/* unix-connected - a connection by name: names, data and who is at the other end */
#include "unix.h"

void victim(void)
{
	char *path = victim_path("sock"), *own = victim_path("client");
	int listener = unix_listener(SOCK_STREAM, path, 5), client, bound, server[2];
	struct stat st;

	client = unix_client(SOCK_STREAM, path);
	bound = unix_socket(SOCK_STREAM);
	unix_bind(bound, own);
	must(unix_connect(bound, path));
	for (int i = 0; i < 2; i++)
		server[i] = must(accept(listener, NULL, NULL));
	unix_say(client, "up");
	unix_say(server[0], "down");
	unix_say(bound, "bound up");
	victim_move();
	unix_hear(server[0], "up");
	unix_hear(client, "down");
	unix_hear(server[1], "bound up");
	same_text(unix_name(client, false), "");
	same_text(unix_name(client, true), path);
	same_text(unix_name(server[0], false), path);
	same_text(unix_name(server[0], true), "");
	same_text(unix_name(bound, false), own);
	same_text(unix_name(server[1], true), own);
	must(stat(own, &st));
	check(S_ISSOCK(st.st_mode));
	same(unix_peer(client).pid, getpid());
	same(unix_peer(server[0]).pid, getpid());
	unix_say(client, "again");
	unix_hear(server[0], "again");
}
