/* SPDX-License-Identifier: MIT */
/* creds-nobody - root that became nobody stays so, and cannot come back */
/* ways: -as because it takes CAP_SETGID */
#include "victim.h"

#include <grp.h>

void victim(void)
{
	char was[5][200];
	static const char *const keys[] = {
		"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
	};

	must(setgroups(0, NULL));
	must(setresgid(65534, 65534, 65534));
	must(setresuid(65534, 65534, 65534));
	for (int i = 0; i < 5; i++)
		strcpy(was[i], field("/proc/self/status", keys[i]));
	victim_move();
	same(getuid(), 65534);
	same(geteuid(), 65534);
	same(getgid(), 65534);
	same(getegid(), 65534);
	same(getgroups(0, NULL), 0);
	refused(setuid(0), EPERM);
	refused(setgid(0), EPERM);
	for (int i = 0; i < 5; i++)
		same_text(field("/proc/self/status", keys[i]), was[i]);
	refused(open("/proc/1/mem", O_RDONLY), EACCES);
	/* What it makes is nobody's. */
	victim_file("file", "");
}
