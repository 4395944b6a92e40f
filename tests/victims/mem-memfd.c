/* SPDX-License-Identifier: MIT */
/* mem-memfd - memfds mapped: shared, private and sealed, with and without
 * their descriptor */
#include "victim.h"

#define SIZE	65536

void victim(void)
{
	int fd = must(memfd_create("moved", 0)), sealed, now;
	unsigned char *shared, *private, *only_map, *ro;
	unsigned char byte;

	must(ftruncate(fd, SIZE));
	shared = area(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fill(shared, SIZE, 1);
	private = area(SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	fill(private + 4096, 4096, 2);
	now = must(memfd_create("map alone", 0));
	must(ftruncate(now, SIZE));
	only_map = area(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, now, 0);
	fill(only_map + 8192, 4096, 3);
	close(now);
	sealed = must(memfd_create("sealed", MFD_ALLOW_SEALING));
	same(write(sealed, "content", 8), 8);
	must(fcntl(sealed, F_ADD_SEALS,
		   F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK));
	ro = area(4096, PROT_READ, MAP_SHARED, sealed, 0);
	victim_move();
	same_fill(shared, SIZE, 1);
	same_fill(private + 4096, 4096, 2);
	check(!memcmp(private, shared, 4096));
	shared[9] ^= 1;
	same(pread(fd, &byte, 1, 9), 1);
	same(byte, shared[9]);
	same(private[9], shared[9]);
	same_fill(only_map + 8192, 4096, 3);
	same(only_map[0], 0);
	same_text((char *)ro, "content");
	same(fcntl(sealed, F_GET_SEALS),
	     F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
	refused(pwrite(sealed, "x", 1, 0), EPERM);
}
