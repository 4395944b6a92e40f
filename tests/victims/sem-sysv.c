/* SPDX-License-Identifier: MIT */
/* sem-sysv - System V semaphores between parent and child, who waits for one
 * while it is moved */
#include "victim.h"

#include <sys/sem.h>

static int set;

static int step(int which, int by)
{
	struct sembuf op = { which, by, 0 };

	return semop(set, &op, 1);
}

static void child(void)
{
	while (step(0, -1) < 0)
		check(errno == EINTR);
	must(step(1, 5));
}

void victim(void)
{
	pid_t pid;

	set = must(semget(IPC_PRIVATE, 4, IPC_CREAT | 0600));
	must(step(2, 30000));
	must(step(3, 7));
	pid = victim_child(child);
	victim_blocked(pid, SYS_semtimedop);
	victim_move();
	same(semctl(set, 2, GETVAL), 30000);
	same(semctl(set, 3, GETVAL), 7);
	same(semctl(set, 0, GETVAL), 0);
	while (semctl(set, 0, GETNCNT) != 1)
		victim_sleep(0.001);
	must(step(0, 1));
	must(step(1, -5));
	victim_reap(pid, 0);
	must(semctl(set, 0, IPC_RMID));
}
