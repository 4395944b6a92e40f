/* SPDX-License-Identifier: MIT */
/* unix-creds - messages with the credentials of their senders, not run together */
#include "unix.h"

static int ends[2];

static void child(void)
{
	unix_say(ends[0], "child");
	unix_hear(ends[0], "go on");
	unix_say(ends[0], "later");
}

void victim(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	int kept[2][2];
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		must(socketpair(AF_UNIX, types[i], 0, ends));
		unix_set(ends[1], SO_PASSCRED, 1);
		unix_say(ends[0], "parent");
		pid[i] = victim_child(child);
		memcpy(kept[i], ends, sizeof(ends));
		victim_blocked(pid[i], SYS_recvfrom);
	}
	victim_move();
	for (int i = 0; i < 2; i++) {
		struct ucred c = unix_hear_creds(kept[i][1], "parent");

		same(c.pid, getpid());
		same(c.uid, getuid());
		c = unix_hear_creds(kept[i][1], "child");
		same(c.pid, pid[i]);
		same(c.gid, getgid());
		unix_say(kept[i][1], "go on");
		c = unix_hear_creds(kept[i][1], "later");
		same(c.pid, pid[i]);
		same(unix_get(kept[i][1], SO_PASSCRED), 1);
		victim_reap(pid[i], 0);
	}
}
