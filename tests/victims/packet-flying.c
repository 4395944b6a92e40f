/* SPDX-License-Identifier: MIT */
/* packet-flying - a packet socket on its way in a message, as a program that gives
 * up its privilege has it sent */
#include "packet.h"

static void give(int to, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	same(sendmsg(to, &m, 0), 1);
}

static int take(int from)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = room, .msg_controllen = sizeof(room) };
	int fd;

	same(recvmsg(from, &m, 0), 1);
	check(CMSG_FIRSTHDR(&m));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

void victim(void)
{
	int fd = packet_socket(SOCK_DGRAM), pair[2];
	int protocol = own_protocol(0);

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	hear(fd, "lo", protocol);
	packet_set(fd, 23 /* PACKET_IGNORE_OUTGOING */, 1);
	give(pair[0], fd);
	must(close(fd));
	victim_move();
	fd = take(pair[1]);
	tell(protocol, "it has come");
	hears(fd, 0, "it has come");
	check(packet_option(fd, 23));
}
