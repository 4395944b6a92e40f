/* SPDX-License-Identifier: MIT */
/* unix-listen - a listening socket at a path takes connections, and its file is as it was */
#include "unix.h"

void victim(void)
{
	char *path = victim_path("sock");
	int listener, client, server;
	struct stat was, now;

	umask(0);
	listener = unix_listener(SOCK_STREAM, path, 5);
	must(chmod(path, 0640));
	if (geteuid() == 0)
		must(chown(path, 1, 2));
	must(stat(path, &was));
	victim_move();
	must(stat(path, &now));
	check(S_ISSOCK(now.st_mode));
	same(now.st_mode, was.st_mode);
	same(now.st_uid, was.st_uid);
	same(now.st_gid, was.st_gid);
	same(unix_get(listener, SO_ACCEPTCONN), 1);
	same_text(unix_name(listener, false), path);
	client = unix_client(SOCK_STREAM, path);
	server = must(accept(listener, NULL, NULL));
	unix_say(client, "hello");
	unix_hear(server, "hello");
	same_text(unix_name(client, true), path);
	same_text(unix_name(server, false), path);
	same(unix_peer(listener).pid, getpid());
}
