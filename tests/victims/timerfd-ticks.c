/* SPDX-License-Identifier: MIT */
/* timerfd-ticks - ticks that were not read before the move are read after it:
 * of one that is over, of one that goes on, and of one whose next is far */
#include <poll.h>

#include "timerfd.h"

void victim(void)
{
	int over = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	int many = must(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	int one = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	int none = must(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	struct itimerspec it;
	double begin;
	uint64_t n;

	set_in(over, 0.001, 0);
	begin = victim_now();
	set_in(many, 0.01, 0.01);
	set_in(one, 0.001, 1000);
	set_in(none, 0.001, 1000);
	for (struct pollfd p = { .fd = none, .events = POLLIN };
	     poll(&p, 1, 1000) != 1;)
		;
	same(ticks(none), 1);
	victim_sleep(0.2);
	n = (victim_now() - begin) / 0.01;
	victim_move();
	same(ticks(over), 1);
	refused(read(over, &n, sizeof(n)), EAGAIN);
	must(timerfd_gettime(over, &it));
	same(seconds(&it.it_value), 0);
	same(ticks(one), 1);
	must(timerfd_gettime(one, &it));
	check(seconds(&it.it_value) > 800 && seconds(&it.it_value) < 1000);
	same(seconds(&it.it_interval), 1000);
	refused(read(none, &n, sizeof(n)), EAGAIN);
	check(ticks(many) >= 19);
	victim_sleep(0.05);
	n = ticks(many);
	check(n >= 4);
}
