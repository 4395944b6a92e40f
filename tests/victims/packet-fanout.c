/* SPDX-License-Identifier: MIT */
/* packet-fanout - sockets of a group share packets, in two processes */
#include "packet.h"

#define PACKETS	20

static int a, b, pipes[2];

static int count(int fd)
{
	char text[16];
	int n = 0;

	while (recv(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void child(void)
{
	char c;

	close(a);
	same(read(pipes[0], &c, 1), 1);
	check(count(b) >= PACKETS / 4);
}

void victim(void)
{
	int protocol = own_protocol(0), group, n;
	pid_t pid;

	a = packet_socket(SOCK_DGRAM);
	b = packet_socket(SOCK_DGRAM);
	hear(a, "lo", protocol);
	hear(b, "lo", protocol);
	packet_set(a, 23 /* PACKET_IGNORE_OUTGOING */, 1);
	packet_set(b, 23, 1);
	group = getpid() & 0xffff;
	packet_set(a, PACKET_FANOUT, group | (PACKET_FANOUT_LB |
		   PACKET_FANOUT_FLAG_ROLLOVER) << 16);
	packet_set(b, PACKET_FANOUT, group | (PACKET_FANOUT_LB |
		   PACKET_FANOUT_FLAG_ROLLOVER) << 16);
	group = packet_option(a, PACKET_FANOUT);
	must(pipe(pipes));
	pid = victim_child(child);
	victim_move();
	same(packet_option(a, PACKET_FANOUT) >> 16, group >> 16);
	same(packet_option(b, PACKET_FANOUT), packet_option(a, PACKET_FANOUT));
	for (int i = 0; i < PACKETS; i++)
		tell(protocol, "x");
	n = count(a);
	check(n >= PACKETS / 4 && n < PACKETS);
	same(write(pipes[1], "x", 1), 1);
	victim_reap(pid, 0);
}
