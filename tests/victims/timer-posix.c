/* SPDX-License-Identifier: MIT */
/* timer-posix - POSIX timers: numbers with gaps, clocks, intervals, values
 *
 * Made by the system call, for the number is what a program holds.
 */
#include "victim.h"

static const struct row {
	int clock, notify, signal;
	long value_s, interval_s;
} rows[] = {
	{ CLOCK_MONOTONIC, SIGEV_SIGNAL, 40, 1000, 3 },
	{ CLOCK_REALTIME, SIGEV_SIGNAL, 41, 1001, 0 },
	{ CLOCK_BOOTTIME, SIGEV_SIGNAL, SIGUSR1, 1002, 5 },
	{ CLOCK_MONOTONIC, SIGEV_NONE, 0, 1003, 0 },
	{ CLOCK_MONOTONIC, SIGEV_SIGNAL, 42, 0, 0 },	/* disarmed */
	{ CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, 43, 1004, 1 },
	{ CLOCK_REALTIME, SIGEV_SIGNAL, 44, 1005, 1 },
};
#define COUNT	(int)(sizeof(rows) / sizeof(*rows))

static int create(const struct row *row)
{
	struct itimerspec it = { .it_value.tv_sec = row->value_s,
				 .it_interval.tv_sec = row->interval_s };
	struct sigevent event = { .sigev_notify = row->notify,
				  .sigev_signo = row->signal };
	int id = -1;

	event.sigev_value.sival_ptr = (void *)(0x123400000000 + row->value_s);
	must(syscall(SYS_timer_create, row->clock, &event, &id));
	if (row->value_s)
		must(syscall(SYS_timer_settime, id, 0, &it, NULL));
	return id;
}

static void is(int id, const struct row *row)
{
	struct itimerspec it;

	must(syscall(SYS_timer_gettime, id, &it));
	same(it.it_interval.tv_sec, row->value_s ? row->interval_s : 0);
	same(it.it_interval.tv_nsec, 0);
	if (!row->value_s) {
		same(it.it_value.tv_sec, 0);
		same(it.it_value.tv_nsec, 0);
		return;
	}
	if (it.it_value.tv_sec > row->value_s ||
	    it.it_value.tv_sec < row->value_s - 100)
		victim_fail("timer %d: %ld s are left of %ld", id,
			    it.it_value.tv_sec, row->value_s);
}

/* It goes off with the value it was given. */
static void rings(int id, const struct row *row)
{
	struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, row->signal);
	must(syscall(SYS_timer_settime, id, 0, &soon, NULL));
	if (row->notify == SIGEV_NONE)
		return;
	if (row->clock == CLOCK_PROCESS_CPUTIME_ID)
		for (clock_t end = clock() + CLOCKS_PER_SEC / 50; clock() < end;)
			;
	same(sigwaitinfo(&set, &info), row->signal);
	same(info.si_code, SI_TIMER);
	same(info.si_timerid, id);
	same((long)info.si_ptr, 0x123400000000 + row->value_s);
}

void victim(void)
{
	int id[COUNT], gap[COUNT], fresh;
	sigset_t all;

	sigfillset(&all);
	zero(pthread_sigmask(SIG_SETMASK, &all, NULL));
	for (int i = 0; i < COUNT; i++) {
		gap[i] = create(&rows[4]);
		id[i] = create(&rows[i]);
	}
	for (int i = 0; i < COUNT; i++)
		must(syscall(SYS_timer_delete, gap[i]));
	victim_move();
	for (int i = 0; i < COUNT; i++)
		is(id[i], &rows[i]);
	for (int i = 0; i < COUNT; i++)
		refused(syscall(SYS_timer_gettime, gap[i],
				&(struct itimerspec){ 0 }), EINVAL);
	for (int i = 0; i < COUNT; i++)
		rings(id[i], &rows[i]);
	/* A new one gets a number that is free. */
	fresh = create(&rows[0]);
	for (int i = 0; i < COUNT; i++)
		check(fresh != id[i]);
	for (int i = 0; i < COUNT; i++)
		must(syscall(SYS_timer_delete, id[i]));
}
