/* SPDX-License-Identifier: MIT */
/* pty-jobs - job control: one group in the foreground, one in the background,
 * one stopped for reading, and the shell above them */
#include "ptys.h"

static volatile struct { int ready, ints[3]; pid_t pids[3]; } *jobs;
static int me;

static void on_int(int sig)
{
	(void)sig;
	jobs->ints[me] = 1;
}

static pid_t job(int n)
{
	char line[8];
	pid_t pid = must(fork());

	if (pid) {
		setpgid(pid, pid);
		return pid;
	}
	me = n;
	setpgid(0, 0);
	signal(SIGINT, on_int);
	if (n == 0) {		/* in front */
		while (tcgetpgrp(0) != getpid())
			victim_sleep(0.001);
		__sync_fetch_and_add(&jobs->ready, 1);
		while (!jobs->ints[0])
			victim_sleep(0.001);
		same(tcgetpgrp(0), getpid());
		same(read(0, line, sizeof(line)), 2);
		_exit(*line == 'f' ? 0 : 9);
	}
	if (n == 1) {		/* behind */
		__sync_fetch_and_add(&jobs->ready, 1);
		while (!jobs->ints[2])
			victim_sleep(0.001);
		same(jobs->ints[1], 0);
		_exit(tcgetpgrp(0) == getpid() ? 9 : 0);
	}
	__sync_fetch_and_add(&jobs->ready, 1);
	/* SIGTTIN stops it until it is in front. */
	same(read(0, line, sizeof(line)), 2);
	_exit(*line == 's' ? 0 : 9);
}

static void shell(void)
{
	int status;

	signal(SIGTTOU, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	for (int i = 0; i < 3; i++)
		jobs->pids[i] = job(i);
	must(tcsetpgrp(0, jobs->pids[0]));
	while (jobs->ready < 3)
		victim_sleep(0.001);
	same(waitpid(jobs->pids[2], &status, WUNTRACED), jobs->pids[2]);
	check(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	victim_move();
	victim_reap(jobs->pids[0], 0);
	must(tcsetpgrp(0, jobs->pids[2]));
	must(kill(-jobs->pids[2], SIGCONT));
	victim_reap(jobs->pids[2], 0);
	must(tcsetpgrp(0, getpgrp()));
	jobs->ints[2] = 1;
	victim_reap(jobs->pids[1], 0);
}

void victim(void)
{
	char name[64];
	int master = open_master(name);
	pid_t pid;

	jobs = AREA_SHARED(4096);
	pid = terminal_child(master, name, shell);
	victim_wait();
	same(write(master, "\003", 1), 1);
	while (!jobs->ints[0])
		victim_sleep(0.001);
	same(write(master, "f\ns\n", 4), 4);
	victim_reap(pid, 0);
}
