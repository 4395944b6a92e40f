/* SPDX-License-Identifier: MIT */
/* unix-rights-dgram - descriptors in datagrams and packets, each with its own */
#include "unix.h"

void victim(void)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };
	int ends[2][2], fds[3], file[2], c = 0;

	file[0] = must(open(victim_file("a", "a"), O_RDONLY));
	file[1] = must(open(victim_file("b", "b"), O_RDONLY));
	for (int i = 0; i < 2; i++) {
		must(socketpair(AF_UNIX, types[i], 0, ends[i]));
		unix_send_fds(ends[i][0], "one", &file[0], 1);
		unix_say(ends[i][0], "two");
		unix_send_fds(ends[i][0], "three", &file[1], 1);
	}
	close(file[0]);
	close(file[1]);
	victim_move();
	for (int i = 0; i < 2; i++) {
		same(unix_take_fds(ends[i][1], "one", fds), 1);
		same(pread(fds[0], &c, 1, 0), 1);
		same(c, 'a');
		same(unix_take_fds(ends[i][1], "two", fds), 0);
		same(unix_take_fds(ends[i][1], "three", fds), 1);
		same(pread(fds[0], &c, 1, 0), 1);
		same(c, 'b');
	}
}
