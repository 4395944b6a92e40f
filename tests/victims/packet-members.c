/* SPDX-License-Identifier: MIT */
/* packet-members - memberships of a packet socket, one of them added twice, are
 * there to be given up */
#include "packet.h"

static const struct packet_mreq_6 {
	int index;
	unsigned short type, len;
	unsigned char address[8];
} rows[] = {
	{ 0, PACKET_MR_PROMISC, 0, { 0 } },
	{ 0, PACKET_MR_MULTICAST, 6, { 1, 0, 0x5e, 1, 2, 3 } },
	{ 0, PACKET_MR_MULTICAST, 6, { 1, 0, 0x5e, 1, 2, 4 } },
	{ 0, PACKET_MR_MULTICAST, 6, { 1, 0, 0x5e, 1, 2, 4 } },
	{ 0, PACKET_MR_ALLMULTI, 0, { 0 } },
};

static int with(int fd, int name, struct packet_mreq_6 req)
{
	req.index = if_nametoindex("lo");
	return setsockopt(fd, SOL_PACKET, name, &req, sizeof(req));
}

void victim(void)
{
	int fd = packet_socket(SOCK_RAW);
	size_t n = sizeof(rows) / sizeof(*rows);

	hear(fd, "lo", own_protocol(0));
	for (size_t i = 0; i < n; i++)
		must(with(fd, PACKET_ADD_MEMBERSHIP, rows[i]));
	victim_move();
	for (size_t i = 0; i < n; i++)
		must(with(fd, PACKET_DROP_MEMBERSHIP, rows[i]));
	/* The kernel minds only when there is none at all of that sort. */
	for (size_t i = 0; i < n; i++)
		with(fd, PACKET_DROP_MEMBERSHIP, rows[i]);
}
