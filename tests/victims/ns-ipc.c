/* SPDX-License-Identifier: MIT */
/* ns-ipc - System V objects in a namespace of its own, with limits of its own
 * and keys that others have, too */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "ns.h"

#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define KEY	0x1234		/* of every such victim that runs */

/* Nobody else's are there. */
static int count(const char *table)
{
	FILE *f = fopen(table, "re");
	int lines = -1, c;

	check(f);
	while ((c = fgetc(f)) != EOF)
		lines += c == '\n';
	fclose(f);
	return lines;
}

void victim(void)
{
	struct { long type; char text[16]; } m = { 7, "in a queue" };
	unsigned char *at;
	int shm, sem, queue;

	own_namespaces(CLONE_NEWIPC);
	write_line("/proc/sys/kernel/shmmni", "77");
	write_line("/proc/sys/kernel/msgmax", "4321");
	shm = must(shmget(KEY, 8192, IPC_CREAT | IPC_EXCL | 0600));
	sem = must(semget(KEY, 2, IPC_CREAT | IPC_EXCL | 0600));
	queue = must(msgget(KEY, IPC_CREAT | IPC_EXCL | 0600));
	at = must((unsigned char *)shmat(shm, NULL, 0));
	fill(at, 8192, 1);
	must(semctl(sem, 1, SETVAL, 42));
	must(semop(sem, &(struct sembuf){ 0, 3, 0 }, 1));
	must(msgsnd(queue, &m, sizeof(m.text), 0));
	victim_move();
	same_text(line_of("/proc/sys/kernel/shmmni"), "77");
	same_text(line_of("/proc/sys/kernel/msgmax"), "4321");
	same(count("/proc/sysvipc/shm"), 1);
	same(count("/proc/sysvipc/sem"), 1);
	same(count("/proc/sysvipc/msg"), 1);
	same(must(shmget(KEY, 0, 0)), shm);
	same(must(semget(KEY, 0, 0)), sem);
	same(must(msgget(KEY, 0)), queue);
	same_fill(at, 8192, 1);
	same(semctl(sem, 0, GETVAL), 3);
	same(semctl(sem, 1, GETVAL), 42);
	memset(&m, 0, sizeof(m));
	same(msgrcv(queue, &m, sizeof(m.text), 0, IPC_NOWAIT), sizeof(m.text));
	same_text(m.text, "in a queue");
}
