/* SPDX-License-Identifier: MIT */
/* shm-sysv - System V shared memory, attached in parent and child: one is to
 * be removed with its last user, one is attached for reading, one in part */
/* ways: -as because only root may open a segment to fill it */
#include "victim.h"

#include <sys/shm.h>

#define PAGE	4096
#define SIZE	(20 * PAGE)

static volatile unsigned char *shared;
static int id, reading;

static void child(void)
{
	victim_wait();
	same_fill((void *)(shared + PAGE), PAGE, 2);
	while (shared[0] != 200)
		victim_sleep(0.001);
	shared[1] = 201;
}

void victim(void)
{
	unsigned char *read_only, *part;
	struct shmid_ds was, now;
	pid_t pid;

	id = must(shmget(IPC_PRIVATE, SIZE - 100, IPC_CREAT | 0600));
	shared = must((unsigned char *)shmat(id, NULL, 0));
	reading = must(shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0640));
	read_only = must((unsigned char *)shmat(reading, NULL, 0));
	fill(read_only, PAGE, 3);
	must(shmdt(read_only));
	read_only = must((unsigned char *)shmat(reading, NULL, SHM_RDONLY));
	part = must((unsigned char *)shmat(id, NULL, 0));
	must(munmap(part, 4 * PAGE));
	must(munmap(part + 8 * PAGE, SIZE - 8 * PAGE));
	fill((void *)(shared + PAGE), PAGE, 2);
	fill(part + 4 * PAGE, 4 * PAGE, 4);
	shared[0] = shared[1] = 0;
	pid = victim_child(child);
	must(shmctl(id, IPC_RMID, NULL));
	must(shmctl(reading, IPC_STAT, &was));
	victim_move();
	must(shmctl(id, IPC_STAT, &now));
	check(now.shm_perm.mode & SHM_DEST);
	same(now.shm_segsz, SIZE - 100);
	same_fill(read_only, PAGE, 3);
	same_fill(part + 4 * PAGE, 4 * PAGE, 4);
	part[4 * PAGE] = 77;
	same(shared[4 * PAGE], 77);
	must(shmctl(reading, IPC_STAT, &now));
	same(now.shm_perm.mode & 0777, was.shm_perm.mode & 0777);
	refused(mprotect(read_only, PAGE, PROT_READ | PROT_WRITE), EACCES);
	must(shmdt(read_only));
	must(shmctl(reading, IPC_RMID, NULL));
	shared[0] = 200;
	victim_reap(pid, 0);
	same(shared[1], 201);
	must(munmap(part + 4 * PAGE, 4 * PAGE));
	must(shmctl(id, IPC_STAT, &now));
	same(now.shm_nattch, 1);
	must(shmdt((void *)shared));
	refused(shmctl(id, IPC_STAT, &now), EINVAL);
}
