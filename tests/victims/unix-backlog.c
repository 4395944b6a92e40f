/* SPDX-License-Identifier: MIT */
/* unix-backlog - connections that nobody has accepted yet are accepted in their order */
#include "unix.h"

void victim(void)
{
	char *path = victim_path("sock"), text[8];
	int listener = unix_listener(SOCK_STREAM, path, 7), client[8], server[8];

	for (int i = 0; i < 8; i++)
		client[i] = unix_client(SOCK_STREAM, path);
	victim_move();
	/* One more than it was told. */
	must(fcntl(listener, F_SETFL, O_NONBLOCK));
	int more = unix_socket(SOCK_STREAM | SOCK_NONBLOCK);
	refused(unix_connect(more, path), EAGAIN);
	for (int i = 0; i < 8; i++) {
		sprintf(text, "%d", i);
		unix_say(client[i], text);
	}
	for (int i = 0; i < 8; i++) {
		sprintf(text, "%d", i);
		server[i] = must(accept(listener, NULL, NULL));
		unix_hear(server[i], text);
		same_text(unix_name(server[i], false), path);
		same_text(unix_name(client[i], true), path);
		same(unix_peer(server[i]).pid, getpid());
	}
	refused(accept(listener, NULL, NULL), EAGAIN);
}
