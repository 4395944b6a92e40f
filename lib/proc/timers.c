/* SPDX-License-Identifier: MIT */
/* timers.c - /proc/PID/timers: the POSIX timers of a process */
#include <errno.h>
#include <signal.h>

#include "proc/proc.h"
#include "proc/text.h"

#ifndef SIGEV_THREAD_ID
#define SIGEV_THREAD_ID 4
#endif

/* "60/00007fff86e452a8": the signal, and the value that goes with it */
static void timer_signal(struct proc_timer *t, const char *v)
{
	t->signal = text_int(&v);
	if (*v == '/')
		v++;
	t->sigval = text_hex(&v);
}

/* "signal/pid.2634" */
static int timer_notify(struct proc_timer *t, const char *v)
{
	const char *dot = strchr(v, '.');

	if (!strncmp(v, "signal/", 7))
		t->notify = SIGEV_SIGNAL;
	else if (!strncmp(v, "none/", 5))
		t->notify = SIGEV_NONE;
	else if (!strncmp(v, "thread/", 7))
		t->notify = SIGEV_THREAD;
	else
		return -1;
	if (!dot)
		return -1;
	if (dot - v > 3 && !memcmp(dot - 3, "tid", 3))
		t->notify |= SIGEV_THREAD_ID;
	dot++;
	t->target = text_int(&dot);
	return 0;
}

int proc_timers(pid_t pid, struct list *timers)
{
	struct proc_timer *t = NULL;
	struct lines in;
	int rc = 0;
	char *line;

	memset(timers, 0, sizeof(*timers));
	if (lines_open_small(&in, pid, pid, "timers") < 0)
		return -1;
	while (rc == 0 && (line = lines_next(&in))) {
		const char *v;

		if ((v = text_after(line, "ID:"))) {
			t = list_add(timers, sizeof(*t));
			t->id = text_int(&v);
		} else if (!t) {
			rc = -1;
		} else if ((v = text_after(line, "signal:"))) {
			timer_signal(t, v);
		} else if ((v = text_after(line, "notify:"))) {
			rc = timer_notify(t, v);
		} else if ((v = text_after(line, "ClockID:"))) {
			t->clock = text_int(&v);
		}
	}
	if (rc < 0)
		errno = EPROTO;
	return lines_close(&in) < 0 ? -1 : rc;
}
