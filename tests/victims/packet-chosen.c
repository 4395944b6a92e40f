/* SPDX-License-Identifier: MIT */
/* packet-chosen - a program that chooses between the sockets of a group cannot be
 * read back */
/* refused: a program that chooses */
#include "packet.h"

void victim(void)
{
	int fd = packet_socket(SOCK_RAW);

	hear(fd, "lo", own_protocol(0));
	packet_set(fd, PACKET_FANOUT, (getpid() & 0xffff) |
		   PACKET_FANOUT_CBPF << 16);
	victim_move();
	check(packet_option(fd, PACKET_FANOUT));
}
