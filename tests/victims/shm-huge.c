/* SPDX-License-Identifier: MIT */
/* shm-huge - System V shared memory in huge pages (SHM_HUGETLB): attached
 * whole, in part, for reading, and not at all */
/* ways: -as because only root may open a segment to fill it */
#include "huge.h"

#include <sys/shm.h>

#define SIZE	(3 * HUGE_PAGE)

#ifndef SHM_HUGE_2MB
#define SHM_HUGE_2MB	(21 << 26)
#endif

static int segment(void)
{
	return must(shmget(IPC_PRIVATE, SIZE - 4000, IPC_CREAT | 0600 |
			   SHM_HUGETLB | SHM_HUGE_2MB));
}

void victim(void)
{
	unsigned char *all, *part, *idle;
	struct shmid_ds ds;
	int id, unattached;

	huge_room(6);
	id = segment();
	all = must((unsigned char *)shmat(id, NULL, 0));
	fill(all + HUGE_PAGE, 2 * HUGE_PAGE, 1);	/* past its size */
	part = must((unsigned char *)shmat(id, NULL, SHM_RDONLY));
	must(munmap(part, HUGE_PAGE));
	must(munmap(part + 2 * HUGE_PAGE, HUGE_PAGE));
	part += HUGE_PAGE;
	unattached = segment();
	idle = must((unsigned char *)shmat(unattached, NULL, 0));
	fill(idle, 9000, 2);
	must(shmdt(idle));
	victim_move();
	must(shmctl(id, IPC_STAT, &ds));
	same(ds.shm_segsz, SIZE - 4000);
	same(ds.shm_nattch, 2);
	same_fill(all + HUGE_PAGE, 2 * HUGE_PAGE, 1);
	same(all[5], 0);
	check(!memcmp(part, all + HUGE_PAGE, HUGE_PAGE));
	all[HUGE_PAGE + 5] ^= 1;
	same(part[5], all[HUGE_PAGE + 5]);
	refused(mprotect(part, HUGE_PAGE, PROT_READ | PROT_WRITE), EACCES);
	idle = must((unsigned char *)shmat(unattached, NULL, 0));
	same_fill(idle, 9000, 2);
	must(shmctl(unattached, IPC_STAT, &ds));
	same(ds.shm_segsz, SIZE - 4000);
	must(shmctl(id, IPC_RMID, NULL));
	must(shmctl(unattached, IPC_RMID, NULL));
	must(shmdt(all));
	must(munmap(part, HUGE_PAGE));
	refused(shmctl(id, IPC_STAT, &ds), EINVAL);
}
