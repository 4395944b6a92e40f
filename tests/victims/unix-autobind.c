/* SPDX-License-Identifier: MIT */
/* unix-autobind - names that the kernel has chosen, with NULs in none of them */
/* ways: -taken because the stopped source still has the abstract name */
#include "unix.h"

void victim(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int sock = unix_socket(SOCK_DGRAM), other = unix_socket(SOCK_DGRAM);
	char *was;

	must(bind(sock, (struct sockaddr *)&un, sizeof(sa_family_t)));
	was = strdup(unix_name(sock, false));
	same(strlen(was), 6);
	victim_move();
	same_text(unix_name(sock, false), was);
	must(unix_connect(other, was));
	unix_say(other, "found");
	unix_hear(sock, "found");
}
