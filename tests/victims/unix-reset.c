/* SPDX-License-Identifier: MIT */
/* unix-reset - a peer that went without reading leaves an error, once, and data */
#include "unix.h"

void victim(void)
{
	int ends[2], named, server, listener;
	char c, *path = victim_path("sock");

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	unix_say(ends[0], "unread");
	close(ends[1]);
	listener = unix_listener(SOCK_STREAM, path, 1);
	named = unix_client(SOCK_STREAM, path);
	server = must(accept(listener, NULL, NULL));
	unix_say(named, "unread");
	unix_say(server, "read");
	close(server);
	victim_move();
	check(unix_events(ends[0]) & POLLERR);
	refused(read(ends[0], &c, 1), ECONNRESET);
	same(read(ends[0], &c, 1), 0);
	check(unix_events(named) & POLLERR);
	unix_hear(named, "read");
	refused(read(named, &c, 1), ECONNRESET);
	same(read(named, &c, 1), 0);
	same_text(unix_name(named, true), path);
}
