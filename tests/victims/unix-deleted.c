/* SPDX-License-Identifier: MIT */
/* unix-deleted - sockets whose paths are gone, or lead elsewhere by now */
#include "unix.h"

void victim(void)
{
	char *gone = victim_path("gone"), *taken = victim_path("taken");
	int a = unix_listener(SOCK_STREAM, gone, 5);
	int b = unix_listener(SOCK_STREAM, taken, 5), client, server;
	struct stat st;

	client = unix_client(SOCK_STREAM, gone);
	server = must(accept(a, NULL, NULL));
	must(unlink(gone));
	must(unlink(taken));
	victim_file("taken", "somebody else's");
	victim_move();
	refused(stat(gone, &st), ENOENT);
	must(stat(taken, &st));
	check(S_ISREG(st.st_mode));
	same_text(unix_name(a, false), gone);
	same_text(unix_name(b, false), taken);
	same_text(unix_name(client, true), gone);
	same_text(unix_name(server, false), gone);
	unix_say(client, "still");
	unix_hear(server, "still");
	same(unix_get(a, SO_ACCEPTCONN), 1);
	refused(unix_connect(unix_socket(SOCK_STREAM), gone), ENOENT);
}
