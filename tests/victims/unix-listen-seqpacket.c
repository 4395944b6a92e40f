/* SPDX-License-Identifier: MIT */
/* unix-listen-seqpacket - sequenced packets by name: listening, connected, waiting */
#include "unix.h"

void victim(void)
{
	char *path = victim_path("sock");
	int listener = unix_listener(SOCK_SEQPACKET, path, 5);
	int client = unix_client(SOCK_SEQPACKET, path), late, server;

	server = must(accept(listener, NULL, NULL));
	late = unix_client(SOCK_SEQPACKET, path);
	unix_say(client, "a");
	unix_say(client, "bc");
	victim_move();
	unix_say(client, "def");
	unix_hear(server, "a");
	unix_hear(server, "bc");
	unix_hear(server, "def");
	unix_say(late, "late");
	unix_hear(must(accept(listener, NULL, NULL)), "late");
	same(unix_get(late, SO_TYPE), SOCK_SEQPACKET);
}
