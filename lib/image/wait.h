/* SPDX-License-Identifier: MIT */
/*
 * wait.h - how long a sleeping task has slept
 *
 * A relative wait (nanosleep, poll, FUTEX_WAIT) that is interrupted goes on
 * with the time that was left, which only the kernel knows.  When the task went
 * to sleep can be told, though: the scheduler's exec_start in
 * /proc/PID/task/TID/sched is the moment it last ran, by the clock of its CPU.
 */
#ifndef IMAGE_WAIT_H
#define IMAGE_WAIT_H

#include <stdint.h>
#include <sys/types.h>

#include "image/records.h"

/* Before it is stopped: CLOCK_MONOTONIC when the task went to sleep in a
 * system call whose wait is relative, else 0. */
uint64_t wait_slept(pid_t pid, pid_t tid);

/*
 * Waits that the kernel ends with EINTR when the task is stopped, although no
 * handler has run (signal(7)): begun again they go on as if nothing had been.
 */
enum wait_limit { LIMIT_NONE, LIMIT_MS, LIMIT_TIMESPEC };
struct wait_begun {
	long nr;
	enum wait_limit limit;
	int arg;		/* which argument is the limit, from 0 */
};
const struct wait_begun *wait_begun(long nr);	/* NULL: it is no such call */

#endif
