/* SPDX-License-Identifier: MIT */
/* shm-sysv-key - segments found by their key: attached, and made by the
 * program but attached by nobody */
/* refused as: only root may read a segment that nobody has attached */
#include "victim.h"

#include <sys/shm.h>

#define PAGE	4096

void victim(void)
{
	key_t key = 0x50000000 + getpid() * 2;
	int here = must(shmget(key, 3 * PAGE, IPC_CREAT | IPC_EXCL | 0600));
	int away = must(shmget(key + 1, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	unsigned char *at = must((unsigned char *)shmat(here, NULL, 0)), *other;

	fill(at, 3 * PAGE, 1);
	other = must((unsigned char *)shmat(away, NULL, 0));
	fill(other, PAGE, 2);
	must(shmdt(other));
	victim_move();
	same_fill(at, 3 * PAGE, 1);
	same(must(shmget(key, 0, 0)), here);
	same(must(shmget(key + 1, 0, 0)), away);
	other = must((unsigned char *)shmat(away, NULL, 0));
	same_fill(other, PAGE, 2);
	must(shmctl(here, IPC_RMID, NULL));
	must(shmctl(away, IPC_RMID, NULL));
}
