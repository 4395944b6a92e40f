/* SPDX-License-Identifier: MIT */
/* unix-listener-gone - accepted connections whose listener has been closed */
#include "unix.h"

void victim(void)
{
	char *path = victim_path("sock");
	int listener = unix_listener(SOCK_STREAM, path, 5), client[3], server[3];

	for (int i = 0; i < 3; i++) {
		client[i] = unix_client(SOCK_STREAM, path);
		server[i] = must(accept(listener, NULL, NULL));
		unix_say(client[i], "before");
	}
	close(listener);
	victim_move();
	for (int i = 0; i < 3; i++) {
		unix_hear(server[i], "before");
		same_text(unix_name(client[i], true), path);
		same_text(unix_name(server[i], false), path);
		unix_say(server[i], "after");
		unix_hear(client[i], "after");
	}
	refused(unix_connect(unix_socket(SOCK_STREAM), path), ECONNREFUSED);
	must(unlink(path));
}
