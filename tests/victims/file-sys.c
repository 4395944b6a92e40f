/* SPDX-License-Identifier: MIT */
/* file-sys - a file of /sys and one of /proc/sys, read again and again */
/* ways: -rootfs because /sys is not mounted there */
#include "victim.h"

void victim(void)
{
	int online = open("/sys/devices/system/cpu/online", O_RDONLY);
	int max = must(open("/proc/sys/kernel/pid_max", O_RDONLY));
	char was[32] = "", now[32] = "";

	if (online < 0)
		victim_skip("no /sys: %s", strerror(errno));
	check(read(online, was, 31) > 0);
	check(read(max, now, 31) > 0);
	victim_move();
	memset(now, 0, sizeof(now));
	same(read(online, now, 31), 0);
	check(pread(online, now, 31, 0) > 0);
	same_text(now, was);
	same(read(max, now, 31), 0);
	check(pread(max, now, 31, 0) > 0);
}
