/* SPDX-License-Identifier: MIT */
/* unix-fresh - sockets that have only been made, and what can be made of them */
#include "unix.h"

void victim(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	int sock[2][2], dgram[2], bound, ends[2];

	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			sock[i][j] = unix_socket(types[i]);
	for (int i = 0; i < 2; i++)
		dgram[i] = unix_socket(SOCK_DGRAM);
	bound = unix_socket(SOCK_STREAM);
	unix_bind(bound, "bound");
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	unix_bind(ends[0], "pair");
	victim_move();
	for (int i = 0; i < 2; i++) {
		char *name = i ? "packets" : "bytes";

		unix_bind(sock[i][0], name);
		must(listen(sock[i][0], 3));
		must(unix_connect(sock[i][1], name));
		unix_say(sock[i][1], "x");
		unix_hear(must(accept(sock[i][0], NULL, NULL)), "x");
		same(unix_get(sock[i][0], SO_TYPE), types[i]);
	}
	unix_bind(dgram[0], "dgram");
	must(unix_connect(dgram[1], "dgram"));
	unix_say(dgram[1], "x");
	unix_hear(dgram[0], "x");
	same_text(unix_name(bound, false), "bound");
	refused(unix_connect(unix_socket(SOCK_STREAM), "bound"), ECONNREFUSED);
	must(listen(bound, 3));
	unix_say(unix_client(SOCK_STREAM, "bound"), "y");
	unix_hear(must(accept(bound, NULL, NULL)), "y");
	same_text(unix_name(ends[0], false), "pair");
	same_text(unix_name(ends[1], true), "pair");
	unix_say(ends[0], "z");
	unix_hear(ends[1], "z");
}
