/* SPDX-License-Identifier: MIT */
/* unix-dgram-senders - datagrams of several senders, with their names */
#include "unix.h"

static void hear_from(int sock, const char *text, const char *from)
{
	struct sockaddr_un un = { 0 };
	socklen_t len = sizeof(un);
	char got[64] = "";

	must(recvfrom(sock, got, sizeof(got), 0, (struct sockaddr *)&un, &len));
	same_text(got, text);
	same_text(len > 2 ? un.sun_path : "", from);
}

void victim(void)
{
	char *path = victim_path("sock"), *a = victim_path("a"),
		*b = victim_path("b");
	int to = unix_socket(SOCK_DGRAM), from[3];

	unix_bind(to, path);
	for (int i = 0; i < 3; i++) {
		from[i] = unix_socket(SOCK_DGRAM);
		if (i)
			unix_bind(from[i], i == 1 ? a : b);
		must(unix_connect(from[i], path));
	}
	unix_say(from[1], "of a");
	unix_say(from[0], "of nobody");
	unix_say(from[2], "of b");
	unix_say(from[1], "of a again");
	close(from[2]);
	must(unlink(b));
	victim_move();
	unix_say(from[0], "after");
	unix_say(from[1], "after, of a");
	hear_from(to, "of a", a);
	hear_from(to, "of nobody", "");
	hear_from(to, "of b", b);
	hear_from(to, "of a again", a);
	hear_from(to, "after", "");
	hear_from(to, "after, of a", a);
	same_text(unix_name(from[1], true), path);
}
