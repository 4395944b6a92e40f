/* SPDX-License-Identifier: MIT */
/* tcp-listen - a server waits at its port, and serves there after the move */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	int fd = bound(AF_INET, SOCK_STREAM), c, s;
	struct address a = own_address(fd);
	char byte = 0;

	must(listen(fd, 7));
	same(info(fd).tcpi_sacked, 7);
	victim_move();
	check(same_address(own_address(fd), a));
	same(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	same(info(fd).tcpi_sacked, 7);
	c = must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect_to(c, a));
	s = must(accept(fd, NULL, NULL));
	same(write(c, "x", 1), 1);
	same(read(s, &byte, 1), 1);
	same(byte, 'x');
}
