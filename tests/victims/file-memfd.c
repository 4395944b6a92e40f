/* SPDX-License-Identifier: MIT */
/* file-memfd - memfds: content, size, offset, seals, and one shared with a
 * child */
#include "victim.h"

#include <sys/stat.h>

static int shared;

static void child(void)
{
	victim_wait();
	same(pwrite(shared, "child", 6, 100), 6);
}

void victim(void)
{
	int plain = must(memfd_create("plain", MFD_CLOEXEC));
	int sealed = must(memfd_create("sealed", MFD_ALLOW_SEALING));
	char text[20] = "", link_was[100] = "", link_now[100] = "";
	struct stat st;
	char path[64];
	pid_t pid;

	shared = must(memfd_create("shared", 0));
	same(write(plain, "0123456789", 10), 10);
	must(lseek(plain, 4, SEEK_SET));
	must(ftruncate(plain, 100000));
	same(write(sealed, "sealed", 7), 7);
	must(fcntl(sealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", plain);
	must(readlink(path, link_was, sizeof(link_was) - 1));
	pid = victim_child(child);
	victim_move();
	victim_reap(pid, 0);
	same(pread(shared, text, 6, 100), 6);
	same_text(text, "child");
	same(read(plain, text, 6), 6);
	text[6] = 0;
	same_text(text, "456789");
	must(fstat(plain, &st));
	same(st.st_size, 100000);
	same(fcntl(plain, F_GETFD), FD_CLOEXEC);
	/* Without MFD_ALLOW_SEALING it is sealed against sealing. */
	same(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
	same(fcntl(sealed, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_SEAL);
	refused(ftruncate(sealed, 1), EPERM);
	must(ftruncate(sealed, 100));
	must(readlink(path, link_now, sizeof(link_now) - 1));
	same_text(link_now, link_was);
}
