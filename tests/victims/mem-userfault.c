/* SPDX-License-Identifier: MIT */
/* mem-userfault - memory whose faults somebody serves */
/* refused: watched by userfaultfd */
#include "victim.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

void victim(void)
{
	unsigned char *memory = AREA_ANON(16 * 4096);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uint64_t)memory, 16 * 4096 },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		victim_skip("no userfaultfd: %s", strerror(errno));
	fill(memory, 4096, 1);
	must(ioctl(fd, UFFDIO_API, &api));
	must(ioctl(fd, UFFDIO_REGISTER, &reg));
	victim_move();
	same_fill(memory, 4096, 1);
}
