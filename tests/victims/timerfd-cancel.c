/* SPDX-License-Identifier: MIT */
/* timerfd-cancel - TFD_TIMER_CANCEL_ON_SET: one that waits for the clock to be
 * set does so on; its moment is farther off than a clock can count */
#include "timerfd.h"

static void shown(int fd, const char *key, char *to)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	snprintf(to, 64, "%s", field(path, key));
}

void victim(void)
{
	struct itimerspec it = { .it_value.tv_sec = 0x7fffffffffffffff };
	int fd = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	char before[64], after[64];
	uint64_t n;

	must(timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			     &it, NULL));
	shown(fd, "settime flags", before);
	same_text(before, "03");
	victim_move();
	shown(fd, "settime flags", after);
	same_text(after, before);
	must(timerfd_gettime(fd, &it));
	check(it.it_value.tv_sec > 1000000000);
	refused(read(fd, &n, sizeof(n)), EAGAIN);
}
