/* SPDX-License-Identifier: MIT */
/* packet-old - SOCK_PACKET, of Linux 2.0 */
/* refused: of the old sort */
#include "packet.h"

void victim(void)
{
	int fd = packet_socket(SOCK_PACKET);

	victim_move();
	must(fcntl(fd, F_GETFD));
}
