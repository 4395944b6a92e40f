/* SPDX-License-Identifier: MIT */
/* unix-relative - a path that starts from the working directory */
#include "unix.h"

void victim(void)
{
	int listener, server, client;

	must(mkdir("below", 0755));
	listener = unix_listener(SOCK_STREAM, "below/sock", 5);
	client = unix_client(SOCK_STREAM, "below/sock");
	server = must(accept(listener, NULL, NULL));
	victim_move();
	same_text(unix_name(listener, false), "below/sock");
	same_text(unix_name(client, true), "below/sock");
	unix_say(client, "x");
	unix_hear(server, "x");
	client = unix_client(SOCK_STREAM, "below/sock");
	unix_say(client, "y");
	unix_hear(must(accept(listener, NULL, NULL)), "y");
	must(unlink("below/sock"));
	must(rmdir("below"));
}
