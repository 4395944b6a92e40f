/* SPDX-License-Identifier: MIT */
/* exe-deleted - a program whose file has been deleted while it runs */
#include "victim.h"

#include "again.h"

void victim(void)
{
	char *path = victim_path("program"), link[4200];
	uint64_t was;
	ssize_t n;
	int fd;

	if (!is_copy()) {
		fd = must(open(path, O_CREAT | O_WRONLY, 0755));
		copy_to(fd);
		close(fd);
		run_copy(must(open(path, O_RDONLY | O_CLOEXEC)));
	}
	must(unlink(path));
	was = sum_of("/proc/self/exe");
	victim_move();
	check(sum_of("/proc/self/exe") == was);
	n = must(readlink("/proc/self/exe", link, sizeof(link) - 1));
	link[n] = '\0';
	check(strstr(link, "(deleted)"));
	refused(open("/proc/self/exe", O_RDWR), ETXTBSY);
}
