/* SPDX-License-Identifier: MIT */
/* tcp-small-buffers - a connection of small buffers that is full, and stays so */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	static unsigned char data[1 << 20], back[1 << 20];
	int ends[2], snd, rcv;
	size_t n;

	need_repair();
	pair_of(AF_INET, ends);
	set(ends[0], SOL_SOCKET, SO_SNDBUF, 8000);
	set(ends[1], SOL_SOCKET, SO_RCVBUF, 6000);
	snd = option(ends[0], SOL_SOCKET, SO_SNDBUF);
	rcv = option(ends[1], SOL_SOCKET, SO_RCVBUF);
	fill(data, sizeof(data), 3);
	n = stuff(ends[0], data, sizeof(data));
	victim_move();
	same(option(ends[0], SOL_SOCKET, SO_SNDBUF), snd);
	same(option(ends[1], SOL_SOCKET, SO_RCVBUF), rcv);
	read_all(ends[1], back, n);
	check(!memcmp(back, data, n));
	talk(ends[0], ends[1]);
}
