/* SPDX-License-Identifier: MIT */
/* memfd-seals - seals in combination: for good, against writing with a mapping
 * that may still write, against running, and none yet but to come */
#include <sys/stat.h>

#include "victim.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif
#define SEAL_EXEC	0x20
#define NOEXEC_SEAL	8u

static int made(const char *name, unsigned int flags, int seals)
{
	int fd = memfd_create(name, flags);

	if (fd < 0 && errno == EINVAL)
		return -1;
	must(fd);
	same(write(fd, "0123456789", 10), 10);
	must(ftruncate(fd, 8192));
	if (seals)
		must(fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

void victim(void)
{
	int all = made("all", MFD_ALLOW_SEALING, F_SEAL_WRITE | F_SEAL_GROW |
		       F_SEAL_SHRINK | F_SEAL_SEAL);
	int size = made("size", MFD_ALLOW_SEALING, F_SEAL_GROW | F_SEAL_SHRINK);
	int none = made("none", 0, 0);
	int later = made("later", MFD_ALLOW_SEALING | MFD_CLOEXEC, 0);
	int future = made("future", MFD_ALLOW_SEALING, 0);
	int noexec = made("noexec", NOEXEC_SEAL, 0);
	char *writes = area(8192, PROT_READ | PROT_WRITE, MAP_SHARED, future, 0);
	char *reads = area(8192, PROT_READ, MAP_PRIVATE, all, 0);
	char text[16] = "";

	must(fcntl(future, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	victim_move();
	same(fcntl(all, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_GROW |
	     F_SEAL_SHRINK | F_SEAL_SEAL);
	refused(pwrite(all, "x", 1, 0), EPERM);
	refused(ftruncate(all, 0), EPERM);
	refused(fcntl(all, F_ADD_SEALS, F_SEAL_GROW), EPERM);
	same(memcmp(reads, "0123456789", 10), 0);
	refused(ftruncate(size, 1), EPERM);
	refused(ftruncate(size, 10000), EPERM);
	same(pwrite(size, "x", 1, 0), 1);
	same(fcntl(none, F_GET_SEALS), F_SEAL_SEAL);
	same(fcntl(later, F_GET_SEALS), 0);
	same(fcntl(later, F_GETFD), FD_CLOEXEC);
	must(fcntl(later, F_ADD_SEALS, F_SEAL_WRITE));
	refused(pwrite(later, "x", 1, 0), EPERM);
	same(pread(later, text, 10, 0), 10);
	same_text(text, "0123456789");
	same(fcntl(future, F_GET_SEALS), F_SEAL_FUTURE_WRITE);
	refused(pwrite(future, "x", 1, 0), EPERM);
	writes[0] = 'A';
	same(pread(future, text, 2, 0), 2);
	same(text[0], 'A');
	if (noexec >= 0) {
		same(fcntl(noexec, F_GET_SEALS), SEAL_EXEC);
		refused(fchmod(noexec, 0777), EPERM);
	}
}
