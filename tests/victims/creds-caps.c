/* SPDX-License-Identifier: MIT */
/* creds-caps - five sets of capabilities, securebits and keepcaps */
/* ways: -as because it takes CAP_SETPCAP to drop capabilities */
#include "victim.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

static const char *const keys[] = {
	"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Uid", "Gid",
};

static void set_caps(uint64_t effective, uint64_t permitted, uint64_t inherit)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ effective, permitted, inherit },
		{ effective >> 32, permitted >> 32, inherit >> 32 },
	};

	must(syscall(SYS_capset, &head, data));
}

#define CAP(name)	(1ull << CAP_ ## name)

void victim(void)
{
	char was[7][200];

	must(prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT));
	must(prctl(PR_CAPBSET_DROP, CAP_NET_RAW));
	must(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS));
	must(setresuid(1234, 1234, 1234));
	set_caps(CAP(KILL) | CAP(SETPCAP),
		 CAP(KILL) | CAP(SETPCAP) | CAP(SYS_PTRACE) | CAP(BPF),
		 CAP(KILL) | CAP(BPF));
	must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
	for (int i = 0; i < 7; i++)
		strcpy(was[i], field("/proc/self/status", keys[i]));
	victim_move();
	for (int i = 0; i < 7; i++) {
		const char *now = field("/proc/self/status", keys[i]);

		if (strcmp(now, was[i]))
			victim_fail("%s is %s, was %s", keys[i], now, was[i]);
	}
	same(prctl(PR_GET_SECUREBITS),
	     SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS);
	same(prctl(PR_GET_KEEPCAPS), 1);
	refused(setgid(5), EPERM);
}
