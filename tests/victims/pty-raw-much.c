/* SPDX-License-Identifier: MIT */
/* pty-raw-much - more input in raw mode than the line discipline holds */
#include "ptys.h"

void victim(void)
{
	unsigned char in[10000];
	int slave, master = open_pair(&slave);

	make_raw(slave);
	fill(in, sizeof(in), 1);
	same(write(master, in, sizeof(in)), sizeof(in));
	victim_move();
	expect_bytes(slave, in, sizeof(in));
}
