/* SPDX-License-Identifier: MIT */
/*
 * packet.c - all packet sockets, as sock_diag(7) tells them
 *
 * Only there does the kernel say of what they are members, and whether they have
 * rings.  The structs are linux/packet_diag.h's.
 */
#include "proc/packet.h"

#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "proc/diag.h"

static void add_members(struct proc_packet *p, const void *data, size_t len)
{
	struct packet_diag_mclist m;

	for (; len >= sizeof(m); len -= sizeof(m)) {
		struct proc_packet_member *to =
			list_add(&p->members, sizeof(*to));

		memcpy(&m, data, sizeof(m));
		to->index = m.pdmc_index;
		to->count = m.pdmc_count;
		to->type = m.pdmc_type;
		to->address_len = m.pdmc_alen < sizeof(to->address) ?
			m.pdmc_alen : sizeof(to->address);
		memcpy(to->address, m.pdmc_addr, to->address_len);
		data = (const uint8_t *)data + sizeof(m);
	}
}

static void take_attribute(struct proc_packet *p, const struct rtattr *a)
{
	const void *data = RTA_DATA(a);

	switch (a->rta_type & NLA_TYPE_MASK) {
	case PACKET_DIAG_INFO:
		p->copy = ((const struct packet_diag_info *)data)->
			pdi_copy_thresh;
		break;
	case PACKET_DIAG_MCLIST:
		add_members(p, data, RTA_PAYLOAD(a));
		break;
	case PACKET_DIAG_RX_RING:
	case PACKET_DIAG_TX_RING:
		p->ring = true;
		break;
	case PACKET_DIAG_FANOUT:
		p->fanout = true;
		p->fanout_id = *(const uint32_t *)data;
		break;
	}
}

static void take_socket(struct list *sockets, const struct nlmsghdr *h)
{
	const struct packet_diag_msg *m = NLMSG_DATA(h);
	struct proc_packet *p = list_add(sockets, sizeof(*p));
	const struct rtattr *a = (const void *)(m + 1);
	int left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));

	p->ino = m->pdiag_ino;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		take_attribute(p, a);
}

int proc_packet(struct list *sockets)
{
	struct packet_diag_req diag = {
		.sdiag_family = AF_PACKET,
		.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_MCLIST |
			PACKET_SHOW_RING_CFG | PACKET_SHOW_FANOUT,
	};

	*sockets = (struct list){ 0 };
	return diag_dump(&diag, sizeof(diag), sockets, take_socket);
}

void proc_packet_free(struct list *sockets)
{
	list_each(sockets, struct proc_packet, p)
		list_free(&p->members);
	list_free(sockets);
}
