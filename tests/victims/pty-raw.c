/* SPDX-License-Identifier: MIT */
/* pty-raw - bytes queued both ways in a pseudo-terminal in raw mode */
#include "ptys.h"

void victim(void)
{
	unsigned char in[3000], out[9000];
	int slave, master = open_pair(&slave);

	make_raw(slave);
	fill(in, sizeof(in), 1);
	fill(out, sizeof(out), 2);
	same(write(master, in, sizeof(in)), sizeof(in));
	same(write(slave, out, sizeof(out)), sizeof(out));
	await_bytes(slave, sizeof(in));
	victim_move();
	expect_bytes(slave, in, sizeof(in));
	expect_bytes(master, out, sizeof(out));
	same(write(master, "more", 4), 4);
	expect_bytes(slave, "more", 4);
	same(write(slave, "less", 4), 4);
	expect_bytes(master, "less", 4);
}
