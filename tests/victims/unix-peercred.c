/* SPDX-License-Identifier: MIT */
/* unix-peercred - SO_PEERCRED tells of the process and user that once were there */
#include <grp.h>

#include "unix.h"

static int pair[2], listener, mine;
static char *path;

static void as_nobody(void)
{
	int sock;

	must(setgroups(2, (gid_t []){ 65534, 4242 }));
	must(setresgid(65534, 65534, 65534));
	must(setresuid(65534, 65534, 65534));
	sock = unix_client(SOCK_STREAM, path);
	same(unix_peer(sock).pid, getppid());
	unix_say(sock, "before");
	victim_arrive();
	unix_hear(sock, "go on");
	same(unix_peer(sock).pid, getppid());
	same(unix_peer(sock).uid, 0);
	same(unix_peer(mine).pid, getppid());
}

void victim(void)
{
	gid_t groups[8];
	socklen_t len = sizeof(groups);
	struct ucred c;
	int server;
	pid_t pid;

	if (getuid())
		victim_skip("not root");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	mine = pair[1];
	path = victim_path("sock");
	listener = unix_listener(SOCK_STREAM, path, 5);
	must(chmod(path, 0777));
	pid = victim_child(as_nobody);
	server = must(accept(listener, NULL, NULL));
	unix_hear(server, "before");
	victim_blocked(pid, SYS_recvfrom);
	victim_move();
	c = unix_peer(server);
	same(c.pid, pid);
	same(c.uid, 65534);
	same(c.gid, 65534);
	must(getsockopt(server, SOL_SOCKET, SO_PEERGROUPS, groups, &len));
	same(len, 2 * sizeof(gid_t));
	same(groups[0] + groups[1], 65534 + 4242);
	same(unix_peer(pair[0]).pid, getpid());
	same(unix_peer(listener).pid, getpid());
	unix_say(server, "go on");
	victim_reap(pid, 0);
}
