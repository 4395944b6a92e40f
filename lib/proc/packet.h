/* SPDX-License-Identifier: MIT */
/* packet.h - all packet sockets of our network namespace: packet(7) */
#ifndef PROC_PACKET_H
#define PROC_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define PACKET_ADDRESS_MAX	32	/* MAX_ADDR_LEN, bytes */

/* A membership, PACKET_ADD_MEMBERSHIP. */
struct proc_packet_member {
	uint32_t index;		/* of the device */
	uint32_t count;		/* how often it has been added */
	uint16_t type;		/* PACKET_MR_* */
	uint16_t address_len;
	uint8_t address[PACKET_ADDRESS_MAX];
};

struct proc_packet {
	uint32_t ino;
	uint32_t copy;		/* PACKET_COPY_THRESH */
	bool ring;		/* PACKET_RX_RING, PACKET_TX_RING */
	bool fanout;		/* it is in a group, PACKET_FANOUT, of */
	uint16_t fanout_id;
	struct list members;	/* of struct proc_packet_member */
};

/* List of struct proc_packet.  -1 with errno. */
int proc_packet(struct list *sockets);
void proc_packet_free(struct list *sockets);

#endif
