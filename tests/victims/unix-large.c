/* SPDX-License-Identifier: MIT */
/* unix-large - eight megabytes that wait, of a stream and of datagrams */
#include "unix.h"

#define BYTES	(8u << 20)
#define DGRAM	(1u << 20)

void victim(void)
{
	unsigned char *text = malloc(BYTES);
	int ends[2], dgram[2], size = 16 << 20;
	size_t done = 0;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram));
	if (setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, 4) < 0 ||
	    setsockopt(dgram[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, 4) < 0)
		victim_skip("may not have so large a buffer");
	fill(text, BYTES, 3);
	same(send(ends[0], text, BYTES, MSG_DONTWAIT), BYTES);
	for (int i = 0; i < 4; i++)
		same(send(dgram[0], text + i, DGRAM - i, MSG_DONTWAIT),
		     DGRAM - i);
	memset(text, 0, BYTES);
	victim_move();
	while (done < BYTES)
		done += must(recv(ends[1], text + done, BYTES - done,
				  MSG_DONTWAIT));
	same_fill(text, BYTES, 3);
	for (int i = 0; i < 4; i++) {
		unsigned char *got = malloc(BYTES);

		same(recv(dgram[1], got, BYTES, MSG_DONTWAIT), DGRAM - i);
		same(memcmp(got, text + i, DGRAM - i), 0);
	}
}
