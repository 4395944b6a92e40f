/* SPDX-License-Identifier: MIT */
/* pipe-size - a pipe of another capacity, full to the last byte */
#include "victim.h"

void victim(void)
{
	static const int sizes[] = { 4096, 65536, 262144, 1048576 };
	static unsigned char text[1 << 20];
	int ends[4][2], empty[2];

	for (int i = 0; i < 4; i++) {
		must(pipe2(ends[i], O_NONBLOCK));
		same(must(fcntl(ends[i][1], F_SETPIPE_SZ, sizes[i])), sizes[i]);
		fill(text, sizes[i], i);
		same(write(ends[i][1], text, sizes[i]), sizes[i]);
		refused(write(ends[i][1], text, 1), EAGAIN);
	}
	must(pipe(empty));
	same(must(fcntl(empty[0], F_SETPIPE_SZ, 131072)), 131072);
	victim_move();
	same(fcntl(empty[1], F_GETPIPE_SZ), 131072);
	for (int i = 0; i < 4; i++) {
		same(fcntl(ends[i][0], F_GETPIPE_SZ), sizes[i]);
		refused(write(ends[i][1], text, 1), EAGAIN);
		for (int have = 0; have < sizes[i];)
			have += must(read(ends[i][0], text + have,
					  sizes[i] - have));
		same_fill(text, sizes[i], i);
		refused(read(ends[i][0], text, 1), EAGAIN);
	}
}
