/* SPDX-License-Identifier: MIT */
/*
 * inject.c - packets to ourselves as if somebody else had sent them
 *
 * By a raw socket, over the loopback device.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "image/inet.h"
#include "proc/netfilter.h"

#define V6_HDRINCL	36	/* IPV6_HDRINCL */

static uint32_t add_up(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *d = data;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? d[i] : d[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	return htons(sum ? sum : 0xffff);
}

union ip_head {
	struct iphdr v4;
	struct ip6_hdr v6;
};

/* Its length; *addresses is the sum of them for the checksum. */
static size_t make_head(union ip_head *ip, const struct sockaddr_storage *from,
			const struct sockaddr_storage *to, uint8_t protocol,
			size_t len, uint32_t *addresses)
{
	const struct sockaddr_in *f4 = (const void *)from, *t4 = (const void *)to;
	const struct sockaddr_in6 *f6 = (const void *)from;
	const struct sockaddr_in6 *t6 = (const void *)to;

	if (to->ss_family == AF_INET) {
		ip->v4 = (struct iphdr){
			.version = 4, .ihl = 5, .ttl = 64, .protocol = protocol,
			.saddr = f4->sin_addr.s_addr,
			.daddr = t4->sin_addr.s_addr,
		};
		*addresses = add_up(0, &ip->v4.saddr, 8);
		return sizeof(ip->v4);
	}
	ip->v6 = (struct ip6_hdr){
		.ip6_flow = htonl(6u << 28), .ip6_hlim = 64,
		.ip6_nxt = protocol, .ip6_plen = htons(len),
		.ip6_src = f6->sin6_addr, .ip6_dst = t6->sin6_addr,
	};
	*addresses = add_up(0, &ip->v6.ip6_src, 32);
	return sizeof(ip->v6);
}

static int open_raw(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	int one = 1;
	uint32_t pass = WALL_PASS;

	if (fd >= 0 && family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, V6_HDRINCL, &one, sizeof(one));
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_MARK, &pass, sizeof(pass));
	return fd;
}

int inject(const struct sockaddr_storage *from,
	   const struct sockaddr_storage *to, uint8_t protocol, void *head,
	   size_t head_len, uint16_t *checksum, const struct blob *data)
{
	struct sockaddr_storage target = *to;
	union ip_head ip = { 0 };
	size_t len = head_len + data->len;
	uint32_t sum;
	struct iovec iov[3] = {
		{ &ip, make_head(&ip, from, to, protocol, len, &sum) },
		{ head, head_len }, { data->data, data->len },
	};
	struct msghdr msg = {
		.msg_name = &target, .msg_iov = iov, .msg_iovlen = 3,
		.msg_namelen = to->ss_family == AF_INET ?
			sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
	};
	int fd = open_raw(to->ss_family);
	ssize_t n;

	if (fd < 0)
		return -1;
	*checksum = 0;
	sum = add_up(sum + protocol + len, head, head_len);
	*checksum = fold(add_up(sum, data->data, data->len));
	((struct sockaddr_in *)&target)->sin_port = 0;
	n = sendmsg(fd, &msg, 0);
	close(fd);
	return n < 0 ? -1 : 0;
}
