/* SPDX-License-Identifier: MIT */
/* unix-dgram-chain - datagram sockets connected one way, each to the next */
#include "unix.h"

void victim(void)
{
	char name[8];
	int sock[4];

	for (int i = 0; i < 4; i++) {
		sock[i] = unix_socket(SOCK_DGRAM);
		sprintf(name, "s%d", i);
		unix_bind(sock[i], name);
	}
	for (int i = 0; i < 3; i++) {
		sprintf(name, "s%d", i + 1);
		must(unix_connect(sock[i], name));
		unix_say(sock[i], name);
	}
	victim_move();
	for (int i = 0; i < 3; i++) {
		sprintf(name, "s%d", i + 1);
		same_text(unix_name(sock[i], true), name);
		unix_hear(sock[i + 1], name);
	}
	/* Who has a peer hears no other. */
	refused(send(sock[0], "x", 1, 0), EPERM);
	refused(send(sock[1], "x", 1, 0), EPERM);
	unix_say(sock[2], "after");
	unix_hear(sock[3], "after");
	refused(unix_connect(sock[3], "s0"), EPERM);
	refused(getpeername(sock[3], (struct sockaddr *)&(struct sockaddr_un){ 0 },
			    &(socklen_t){ sizeof(struct sockaddr_un) }), ENOTCONN);
}
