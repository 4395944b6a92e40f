/* SPDX-License-Identifier: MIT */
/* ns-mount-pts - a terminal open of a devpts that only its mount namespace has */
/* refused: the terminal has a number of that devpts */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

void victim(void)
{
	char path[4096];

	own_mounts();
	put("pts", NULL, 0);
	must(mount("pts", victim_path("pts"), "devpts", 0,
		   "newinstance,ptmxmode=0666"));
	snprintf(path, sizeof(path), "%s/ptmx", victim_path("pts"));
	must(open(path, O_RDWR | O_NOCTTY));
	victim_move();
	same(mounted(victim_path("pts")), 1);
}
