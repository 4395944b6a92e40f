/* SPDX-License-Identifier: MIT */
/* creds-ids - all user and group IDs differ, and so do the groups */
/* ways: -as because it takes CAP_SETUID and CAP_SETGID */
#include "victim.h"

#include <grp.h>
#include <sys/fsuid.h>

void victim(void)
{
	static const gid_t groups[] = { 5, 1000, 65533, 70000, 4000000000u };
	gid_t now[10], r, e, s;
	uid_t ur, ue, us;

	must(setgroups(5, groups));
	must(setresgid(101, 102, 103));
	setfsgid(101);
	must(setresuid(201, 0, 203));
	setfsuid(201);
	victim_move();
	must(getresgid(&r, &e, &s));
	same(r, 101);
	same(e, 102);
	same(s, 103);
	must(getresuid(&ur, &ue, &us));
	same(ur, 201);
	same(ue, 0);
	same(us, 203);
	/* An ID that cannot be is not set: the old one is told. */
	same(setfsuid(-1), 201);
	same(setfsgid(-1), 101);
	same(getgroups(10, now), 5);
	for (int i = 0; i < 5; i++)
		same(now[i], groups[i]);
}
