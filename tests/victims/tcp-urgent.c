/* SPDX-License-Identifier: MIT */
/* tcp-urgent - urgent data that waits */
/* refused: its place in the stream cannot be told */
#include "inet.h"

void victim(void)
{
	char byte;
	int ends[2];

	need_repair();
	pair_of(AF_INET, ends);
	same(send(ends[0], "abc", 3, MSG_OOB), 3);
	await(ends[1], POLLPRI);
	victim_move();
	same(recv(ends[1], &byte, 1, MSG_OOB), 1);
	same(byte, 'c');
}
