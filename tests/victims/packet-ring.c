/* SPDX-License-Identifier: MIT */
/* packet-ring - where the kernel is in a ring of packets is told by nobody */
/* refused: a ring in memory */
#include "packet.h"

void victim(void)
{
	struct tpacket_req req = { 4096, 4, 2048, 8 };
	int fd = packet_socket(SOCK_RAW);

	must(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)));
	victim_move();
	refused(setsockopt(fd, SOL_PACKET, PACKET_VERSION, &(int){ 0 },
			   sizeof(int)), EBUSY);
}
