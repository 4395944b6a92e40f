/* SPDX-License-Identifier: MIT */
/* tcp-queues - unread data in both directions, not a byte more or less */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	static unsigned char data[3][100000], back[100000];
	int ends[2];

	need_repair();
	pair_of(AF_INET, ends);
	for (int i = 0; i < 2; i++) {
		fill(data[i], sizeof(data[i]), i + 1);
		same(write(ends[i], data[i], 50000 + i), 50000 + i);
	}
	victim_move();
	for (int i = 0; i < 2; i++) {
		int n = -1;

		same(option(ends[!i], SOL_SOCKET, SO_ERROR), 0);
		read_all(ends[!i], back, 50000 + i);
		check(!memcmp(back, data[i], 50000 + i));
		refused(n = recv(ends[!i], back, 1, MSG_DONTWAIT), EAGAIN);
	}
	talk(ends[0], ends[1]);
}
