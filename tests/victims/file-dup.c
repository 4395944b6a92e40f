/* SPDX-License-Identifier: MIT */
/* file-dup - duplicated descriptors share an offset and flags; others not */
#include "victim.h"

void victim(void)
{
	char *path = victim_file("file", "0123456789"), byte;
	int a = must(open(path, O_RDONLY)), b = must(dup(a));
	int c = must(fcntl(a, F_DUPFD_CLOEXEC, 100));
	int other = must(open(path, O_RDONLY));

	same(read(b, &byte, 1), 1);
	victim_move();
	same(read(a, &byte, 1), 1);
	same(byte, '1');
	same(read(c, &byte, 1), 1);
	same(byte, '2');
	same(read(b, &byte, 1), 1);
	same(byte, '3');
	same(read(other, &byte, 1), 1);
	same(byte, '0');
	same(fcntl(a, F_GETFD), 0);
	same(fcntl(c, F_GETFD), FD_CLOEXEC);
	must(fcntl(c, F_SETFL, O_NONBLOCK));
	check(fcntl(a, F_GETFL) & O_NONBLOCK);
	check(!(fcntl(other, F_GETFL) & O_NONBLOCK));
	must(close(a));
	same(read(b, &byte, 1), 1);
	same(byte, '4');
}
