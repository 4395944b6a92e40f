/* SPDX-License-Identifier: MIT */
/* limits.c - /proc/PID/limits: prlimit(2) without the rights it asks for */
#include <errno.h>
#include <sys/resource.h>

#include "proc/proc.h"
#include "proc/text.h"

#define LIMITS 16

static const struct {
	const char *name;
	int number;
} names[LIMITS] = {
	{ "Max cpu time ", RLIMIT_CPU },
	{ "Max file size ", RLIMIT_FSIZE },
	{ "Max data size ", RLIMIT_DATA },
	{ "Max stack size ", RLIMIT_STACK },
	{ "Max core file size ", RLIMIT_CORE },
	{ "Max resident set ", RLIMIT_RSS },
	{ "Max processes ", RLIMIT_NPROC },
	{ "Max open files ", RLIMIT_NOFILE },
	{ "Max locked memory ", RLIMIT_MEMLOCK },
	{ "Max address space ", RLIMIT_AS },
	{ "Max file locks ", RLIMIT_LOCKS },
	{ "Max pending signals ", RLIMIT_SIGPENDING },
	{ "Max msgqueue size ", RLIMIT_MSGQUEUE },
	{ "Max nice priority ", RLIMIT_NICE },
	{ "Max realtime priority ", RLIMIT_RTPRIO },
	{ "Max realtime timeout ", RLIMIT_RTTIME },
};

static uint64_t limit_value(const char **p)
{
	const char *v = text_blank(*p);

	if (!strncmp(v, "unlimited", 9)) {
		*p = v + 9;
		return ~0ull;
	}
	*p = v;
	return text_dec(p);
}

int proc_limits(pid_t pid, uint64_t limit[16][2])
{
	struct lines in;
	char *line;
	int found = 0;

	if (lines_open_small(&in, pid, pid, "limits") < 0)
		return -1;
	while ((line = lines_next(&in))) {
		for (int i = 0; i < LIMITS; i++) {
			const char *v = text_after(line, names[i].name);

			if (!v)
				continue;
			limit[names[i].number][0] = limit_value(&v);
			limit[names[i].number][1] = limit_value(&v);
			found++;
			break;
		}
	}
	if (lines_close(&in) < 0)
		return -1;
	if (found == LIMITS)
		return 0;
	errno = found ? EPROTO : ESRCH;
	return -1;
}
