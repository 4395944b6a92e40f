/* SPDX-License-Identifier: MIT */
/* tcp-full - both directions are full: sent and unsent data as far as it goes */
/* ways: -taken because the source still has the port */
#include "inet.h"

#define ROOM (16 << 20)

void victim(void)
{
	unsigned char *data = malloc(ROOM), *back = malloc(ROOM);
	size_t n[2];
	int ends[2];

	need_repair();
	pair_of(AF_INET, ends);
	fill(data, ROOM, 7);
	for (int i = 0; i < 2; i++)
		n[i] = stuff(ends[i], data, ROOM);
	check(n[0] > 100000 && n[0] < ROOM);
	victim_move();
	for (int i = 0; i < 2; i++) {
		read_all(ends[!i], back, n[i]);
		check(!memcmp(back, data, n[i]));
		refused(recv(ends[!i], back, 1, MSG_DONTWAIT), EAGAIN);
	}
	talk(ends[0], ends[1]);
}
