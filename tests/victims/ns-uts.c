/* SPDX-License-Identifier: MIT */
/* ns-uts - a host name and a domain name of its own, for a child as well */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "ns.h"

#include <sys/utsname.h>

static void names_are(const char *host)
{
	struct utsname u;

	must(uname(&u));
	same_text(u.nodename, host);
	same_text(u.domainname, "victims.example");
}

static void child(void)
{
	victim_wait();
	while (access(victim_path("changed"), F_OK) < 0)
		victim_sleep(0.002);
	names_are("another-name");
}

void victim(void)
{
	pid_t pid;

	own_namespaces(CLONE_NEWUTS);
	must(sethostname("wandering-host", 14));
	must(setdomainname("victims.example", 15));
	pid = victim_child(child);
	victim_move();
	names_are("wandering-host");
	must(sethostname("another-name", 12));	/* of the child, too */
	victim_file("changed", "");
	victim_reap(pid, 0);
}
