/* SPDX-License-Identifier: MIT */
/* wakeup.c - processors that wake up fast while we take turns with a task */
#include "base/wakeup.h"

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

void wakeup_fast(void)
{
	static const int32_t none;
	int fd = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);

	/* Kept open on purpose: the wish lasts as long as the descriptor. */
	if (fd >= 0 && write(fd, &none, sizeof(none)) != sizeof(none))
		close(fd);
}
