/* SPDX-License-Identifier: MIT */
/*
 * netfilter.c - a table of nf_tables that lives as long as a descriptor; and
 * what the kernel has for a connection (sock_diag(7))
 *
 * Spoken to the kernel directly: the nft program need not be installed.
 * Formats: linux/netfilter/nf_tables.h, linux/inet_diag.h.
 */
#include "proc/netfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRIORITY (-450)		/* before whatever else there is */

/* ---- messages ---- */

struct message {
	uint8_t *data;		/* owned */
	size_t n, room;
	size_t head;		/* where the netlink header under way stands */
	uint32_t seq;
};

static size_t put(struct message *m, const void *data, size_t len)
{
	size_t at = m->n, padded = (len + 3) & ~(size_t)3;

	if (m->n + padded > m->room) {
		m->room = 2 * (m->n + padded) + 4096;
		m->data = xrealloc(m->data, m->room);
	}
	memset(m->data + at, 0, padded);
	if (len)
		memcpy(m->data + at, data, len);
	m->n += padded;
	return at;
}

static void begin(struct message *m, uint16_t type, uint16_t flags,
		  uint8_t family, uint16_t res_id)
{
	struct nlmsghdr head = {
		.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags,
		.nlmsg_seq = ++m->seq,
	};
	struct nfgenmsg gen = { family, NFNETLINK_V0, htons(res_id) };

	m->head = put(m, &head, sizeof(head));
	put(m, &gen, sizeof(gen));
}

static void finish(struct message *m)
{
	((struct nlmsghdr *)(m->data + m->head))->nlmsg_len = m->n - m->head;
}

static void attr(struct message *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = { NLA_HDRLEN + len, type };

	put(m, &a, sizeof(a));
	put(m, data, len);
}

static void attr_text(struct message *m, uint16_t type, const char *text)
{
	attr(m, type, text, strlen(text) + 1);
}

static void attr_be32(struct message *m, uint16_t type, uint32_t value)
{
	value = htonl(value);
	attr(m, type, &value, sizeof(value));
}

static size_t nest(struct message *m, uint16_t type)
{
	struct nlattr a = { 0, type | NLA_F_NESTED };

	return put(m, &a, sizeof(a));
}

static void unnest(struct message *m, size_t at)
{
	((struct nlattr *)(m->data + at))->nla_len = m->n - at;
}

/* ---- expressions of a rule ---- */

struct nested {
	size_t element, data;
};

static struct nested expression(struct message *m, const char *name)
{
	struct nested n = { .element = nest(m, NFTA_LIST_ELEM) };

	attr_text(m, NFTA_EXPR_NAME, name);
	n.data = nest(m, NFTA_EXPR_DATA);
	return n;
}

static void expressed(struct message *m, struct nested n)
{
	unnest(m, n.data);
	unnest(m, n.element);
}

static void compare(struct message *m, uint32_t op, const void *data,
		    size_t len)
{
	struct nested n = expression(m, "cmp");
	size_t value;

	attr_be32(m, NFTA_CMP_SREG, NFT_REG_1);
	attr_be32(m, NFTA_CMP_OP, op);
	value = nest(m, NFTA_CMP_DATA);
	attr(m, NFTA_DATA_VALUE, data, len);
	unnest(m, value);
	expressed(m, n);
}

static void load_meta(struct message *m, uint32_t key)
{
	struct nested n = expression(m, "meta");

	attr_be32(m, NFTA_META_DREG, NFT_REG_1);
	attr_be32(m, NFTA_META_KEY, key);
	expressed(m, n);
}

static void load_packet(struct message *m, uint32_t base, uint32_t offset,
			uint32_t len)
{
	struct nested n = expression(m, "payload");

	attr_be32(m, NFTA_PAYLOAD_DREG, NFT_REG_1);
	attr_be32(m, NFTA_PAYLOAD_BASE, base);
	attr_be32(m, NFTA_PAYLOAD_OFFSET, offset);
	attr_be32(m, NFTA_PAYLOAD_LEN, len);
	expressed(m, n);
}

static void mask_byte(struct message *m, uint8_t mask)
{
	struct nested n = expression(m, "bitwise");
	uint8_t zero = 0;
	size_t value;

	attr_be32(m, NFTA_BITWISE_SREG, NFT_REG_1);
	attr_be32(m, NFTA_BITWISE_DREG, NFT_REG_1);
	attr_be32(m, NFTA_BITWISE_LEN, 1);
	value = nest(m, NFTA_BITWISE_MASK);
	attr(m, NFTA_DATA_VALUE, &mask, 1);
	unnest(m, value);
	value = nest(m, NFTA_BITWISE_XOR);
	attr(m, NFTA_DATA_VALUE, &zero, 1);
	unnest(m, value);
	expressed(m, n);
}

static void drop(struct message *m)
{
	struct nested n = expression(m, "immediate");
	size_t data, verdict;

	attr_be32(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nest(m, NFTA_IMMEDIATE_DATA);
	verdict = nest(m, NFTA_DATA_VERDICT);
	attr_be32(m, NFTA_VERDICT_CODE, NF_DROP);
	unnest(m, verdict);
	unnest(m, data);
	expressed(m, n);
}

/* ---- the wall ---- */

static void match_addresses(struct message *m, const struct sockaddr_storage *from,
			    const struct sockaddr_storage *to)
{
	const struct sockaddr_in *f4 = (const void *)from, *t4 = (const void *)to;
	const struct sockaddr_in6 *f6 = (const void *)from;
	const struct sockaddr_in6 *t6 = (const void *)to;
	/* The ports stand at the same place in both. */
	uint16_t ports[2] = { f4->sin_port, t4->sin_port };
	uint8_t protocol = from->ss_family == AF_INET ? NFPROTO_IPV4 :
		NFPROTO_IPV6;

	load_meta(m, NFT_META_NFPROTO);
	compare(m, NFT_CMP_EQ, &protocol, 1);
	if (from->ss_family == AF_INET) {
		load_packet(m, NFT_PAYLOAD_NETWORK_HEADER, 12, 4);
		compare(m, NFT_CMP_EQ, &f4->sin_addr, 4);
		load_packet(m, NFT_PAYLOAD_NETWORK_HEADER, 16, 4);
		compare(m, NFT_CMP_EQ, &t4->sin_addr, 4);
	} else {
		load_packet(m, NFT_PAYLOAD_NETWORK_HEADER, 8, 16);
		compare(m, NFT_CMP_EQ, &f6->sin6_addr, 16);
		load_packet(m, NFT_PAYLOAD_NETWORK_HEADER, 24, 16);
		compare(m, NFT_CMP_EQ, &t6->sin6_addr, 16);
	}
	load_packet(m, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 4);
	compare(m, NFT_CMP_EQ, ports, sizeof(ports));
}

static void add_rule(struct message *m, const char *table, const char *chain,
		     const struct sockaddr_storage *from,
		     const struct sockaddr_storage *to)
{
	uint8_t tcp = IPPROTO_TCP;
	uint32_t pass = WALL_PASS;
	size_t list;

	begin(m, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE,
	      NLM_F_CREATE | NLM_F_APPEND, NFPROTO_INET, 0);
	attr_text(m, NFTA_RULE_TABLE, table);
	attr_text(m, NFTA_RULE_CHAIN, chain);
	list = nest(m, NFTA_RULE_EXPRESSIONS);
	load_meta(m, NFT_META_L4PROTO);
	compare(m, NFT_CMP_EQ, &tcp, 1);
	match_addresses(m, from, to);
	load_meta(m, NFT_META_MARK);
	compare(m, NFT_CMP_NEQ, &pass, sizeof(pass));
	drop(m);
	unnest(m, list);
	finish(m);
}

static void add_chain(struct message *m, const char *table, const char *name,
		      uint32_t hook)
{
	size_t at;

	begin(m, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN, NLM_F_CREATE,
	      NFPROTO_INET, 0);
	attr_text(m, NFTA_CHAIN_TABLE, table);
	attr_text(m, NFTA_CHAIN_NAME, name);
	at = nest(m, NFTA_CHAIN_HOOK);
	attr_be32(m, NFTA_HOOK_HOOKNUM, hook);
	attr_be32(m, NFTA_HOOK_PRIORITY, PRIORITY);
	unnest(m, at);
	attr_text(m, NFTA_CHAIN_TYPE, "filter");
	finish(m);
}

static void begin_table(struct message *m, const char *table)
{
	begin(m, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	finish(m);
	begin(m, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, NLM_F_CREATE,
	      NFPROTO_INET, 0);
	attr_text(m, NFTA_TABLE_NAME, table);
	attr_be32(m, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	finish(m);
	add_chain(m, table, "in", NF_INET_LOCAL_IN);
}

static void end_table(struct message *m)
{
	/* What is asked to be acknowledged last tells that all is there. */
	((struct nlmsghdr *)(m->data + m->head))->nlmsg_flags |= NLM_F_ACK;
	begin(m, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	finish(m);
}

static void build(struct message *m, const struct list *connections)
{
	char table[32];

	snprintf(table, sizeof(table), "sojourn-%d", getpid());
	begin_table(m, table);
	add_chain(m, table, "out", NF_INET_LOCAL_OUT);
	list_each(connections, const struct connection, c) {
		add_rule(m, table, "in", &c->peer, &c->local);
		add_rule(m, table, "out", &c->local, &c->peer);
	}
	end_table(m);
}

/* ---- the gate ---- */

/* One that is any, of the newer family, may take both. */
static void match_listener(struct message *m, const struct sockaddr_storage *at)
{
	const struct sockaddr_in *in = (const void *)at;
	const struct sockaddr_in6 *in6 = (const void *)at;
	bool old = at->ss_family == AF_INET;
	bool any = old ? !in->sin_addr.s_addr :
		IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
	uint8_t protocol = old ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (old || !any) {
		load_meta(m, NFT_META_NFPROTO);
		compare(m, NFT_CMP_EQ, &protocol, 1);
	}
	if (!any && old) {
		load_packet(m, NFT_PAYLOAD_NETWORK_HEADER, 16, 4);
		compare(m, NFT_CMP_EQ, &in->sin_addr, 4);
	} else if (!any) {
		load_packet(m, NFT_PAYLOAD_NETWORK_HEADER, 24, 16);
		compare(m, NFT_CMP_EQ, &in6->sin6_addr, 16);
	}
	load_packet(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	compare(m, NFT_CMP_EQ, &in->sin_port, 2);
}

/* SYN without ACK, in the 14th byte of the header. */
static void match_first_packet(struct message *m)
{
	uint8_t syn = 0x02, syn_ack = 0x12;

	load_packet(m, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	mask_byte(m, syn_ack);
	compare(m, NFT_CMP_EQ, &syn, 1);
}

static void build_gate(struct message *m, const struct list *addresses)
{
	uint8_t tcp = IPPROTO_TCP;
	char table[32];
	size_t list;

	snprintf(table, sizeof(table), "sojourn-gate-%d", getpid());
	begin_table(m, table);
	list_each(addresses, const struct sockaddr_storage, at) {
		begin(m, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE,
		      NLM_F_CREATE | NLM_F_APPEND, NFPROTO_INET, 0);
		attr_text(m, NFTA_RULE_TABLE, table);
		attr_text(m, NFTA_RULE_CHAIN, "in");
		list = nest(m, NFTA_RULE_EXPRESSIONS);
		load_meta(m, NFT_META_L4PROTO);
		compare(m, NFT_CMP_EQ, &tcp, 1);
		match_listener(m, at);
		match_first_packet(m);
		drop(m);
		unnest(m, list);
		finish(m);
	}
	end_table(m);
}

/* 0, or the first error that is told. */
static int answer(int fd)
{
	uint8_t buf[8192];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	for (const struct nlmsghdr *h = (const void *)buf;
	     n > 0 && NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n))
		if (h->nlmsg_type == NLMSG_ERROR)
			return -((const struct nlmsgerr *)NLMSG_DATA(h))->error;
	return n < 0 ? errno : EPROTO;
}

/* The descriptor that the table in @m hangs on; @m is freed. */
static int table_open(struct message *m)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int room = m->n + 65536, error = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room,
				 sizeof(room)) < 0 ||
	    send(fd, m->data, m->n, 0) < 0)
		error = errno;
	else
		error = answer(fd);
	free(m->data);
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

int wall_open(const struct list *connections)
{
	struct message m = { 0 };

	build(&m, connections);
	return table_open(&m);
}

int gate_open(const struct list *addresses)
{
	struct message m = { 0 };

	build_gate(&m, addresses);
	return table_open(&m);
}

/* ---- what there is ---- */

static void put_address(const struct sockaddr_storage *ss, uint32_t to[4],
			uint16_t *port)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;

	*port = in->sin_port;
	if (ss->ss_family == AF_INET)
		memcpy(to, &in->sin_addr, 4);
	else
		memcpy(to, &in6->sin6_addr, 16);
}

int connection_state(const struct connection *c, bool *owned)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 req;
	} ask = { 0 };
	uint8_t buf[8192];
	struct nlmsghdr *h = (void *)buf;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int state = 0;
	ssize_t n;

	*owned = false;
	ask.head = (struct nlmsghdr){ .nlmsg_len = sizeof(ask),
		.nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST };
	ask.req.sdiag_family = c->local.ss_family;
	ask.req.sdiag_protocol = IPPROTO_TCP;
	ask.req.idiag_states = ~0u;
	ask.req.id.idiag_cookie[0] = ask.req.id.idiag_cookie[1] =
		INET_DIAG_NOCOOKIE;
	put_address(&c->local, ask.req.id.idiag_src, &ask.req.id.idiag_sport);
	put_address(&c->peer, ask.req.id.idiag_dst, &ask.req.id.idiag_dport);
	if (fd < 0)
		return 0;
	n = send(fd, &ask, sizeof(ask), 0);
	if (n > 0)
		n = recv(fd, buf, sizeof(buf), 0);
	close(fd);
	if (n > 0 && NLMSG_OK(h, (size_t)n) &&
	    h->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
		const struct inet_diag_msg *msg = NLMSG_DATA(h);

		/* A listener is found where there is no connection. */
		state = msg->idiag_state == 10 ? 0 : msg->idiag_state;
		*owned = msg->idiag_inode != 0;
	}
	return state;
}
