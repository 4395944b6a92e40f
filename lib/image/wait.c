/* SPDX-License-Identifier: MIT */
/* wait.c - how long a sleeping task has slept */
#include "image/wait.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "proc/proc.h"

#define CPUS 1024

/* CLOCK_MONOTONIC less the scheduler's clock, ns; by CPU. */
static int64_t offset[CPUS];
static bool measured;

/* The scheduler prints milliseconds with six decimals. */
static int64_t exec_start(const char *path)
{
	char *text = read_file_proc(path), *at;
	int64_t ns = -1;

	at = text ? strstr(text, "se.exec_start") : NULL;
	at = at ? strchr(at, ':') : NULL;
	if (at)
		ns = strtod(at + 1, NULL) * 1e6;
	free(text);
	return ns;
}

static void measure_here(int cpu)
{
	int64_t ran;

	sched_yield();		/* brings our own exec_start up to date */
	ran = exec_start("/proc/thread-self/sched");
	if (ran >= 0 && cpu < CPUS)
		offset[cpu] = monotonic_ns() - ran;
}

static void measure_clocks(void)
{
	cpu_set_t before, one;

	if (measured || sched_getaffinity(0, sizeof(before), &before) < 0)
		return;
	measured = true;
	measure_here(sched_getcpu());
	for (int cpu = 0; cpu < CPU_SETSIZE && cpu < CPUS; cpu++) {
		if (!CPU_ISSET(cpu, &before))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) == 0)
			measure_here(cpu);
	}
	sched_setaffinity(0, sizeof(before), &before);
}

const struct wait_begun *wait_begun(long nr)
{
	enum { epoll_pwait2 = 441 };
	static const struct wait_begun calls[] = {
		{ SYS_epoll_wait, LIMIT_MS, 3 },
		{ SYS_epoll_pwait, LIMIT_MS, 3 },
		{ epoll_pwait2, LIMIT_TIMESPEC, 3 },
		{ SYS_rt_sigtimedwait, LIMIT_TIMESPEC, 2 },
		{ SYS_semop, LIMIT_NONE, 0 },
		{ SYS_semtimedop, LIMIT_TIMESPEC, 3 },
		{ SYS_io_getevents, LIMIT_TIMESPEC, 4 },
		{ SYS_io_pgetevents, LIMIT_TIMESPEC, 4 },
		{ SYS_io_uring_enter, LIMIT_NONE, 0 },
		/* of a socket with a time-out of its own */
		{ SYS_accept, LIMIT_NONE, 0 },
		{ SYS_accept4, LIMIT_NONE, 0 },
		{ SYS_recvfrom, LIMIT_NONE, 0 },
		{ SYS_recvmsg, LIMIT_NONE, 0 },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].nr == nr)
			return &calls[i];
	return NULL;
}

/* Is it a wait for so long, of which nobody is told how much is left? */
static bool waits_relative(long nr, const uint64_t arg[6])
{
	const struct wait_begun *begun = wait_begun(nr);

	if (begun)
		return begun->limit == LIMIT_MS ? (int)arg[begun->arg] > 0 :
		       begun->limit == LIMIT_TIMESPEC && arg[begun->arg];
	switch (nr) {
	case SYS_nanosleep:
		return !arg[1];
	case SYS_clock_nanosleep:
		return !arg[1] && !arg[3];
	case SYS_poll:
		return (int)arg[2] > 0;
	case SYS_futex:
		return !(arg[1] & 127) && arg[3];
	default:
		return nr == SYS_restart_syscall;
	}
}

/* "230 0x0 0x1 0x7ff..": number and arguments; false if it is not in a call. */
static bool parse_call(char *text, long *nr, uint64_t arg[6])
{
	if (*text < '0' || *text > '9')
		return false;
	*nr = strtol(text, &text, 10);
	for (int i = 0; i < 6; i++)
		arg[i] = strtoull(text, &text, 16);
	return true;
}

uint64_t wait_slept(pid_t pid, pid_t tid)
{
	char path[64], *text;
	struct proc_stat st;
	uint64_t arg[6];
	int64_t ran;
	long nr;
	bool waits;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	text = read_file_proc(path);
	waits = text && parse_call(text, &nr, arg) && waits_relative(nr, arg);
	free(text);
	if (!waits)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/sched", pid, tid);
	ran = exec_start(path);
	measure_clocks();
	if (ran < 0 || proc_stat(pid, tid, &st) < 0 || st.processor >= CPUS)
		return 0;
	return ran + offset[st.processor];
}
