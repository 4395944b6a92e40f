/* SPDX-License-Identifier: MIT */
/* robust-list - get_robust_list(2) says what set_robust_list(2) was told */
#include "victim.h"

static void *run(void *arg)
{
	void *head[3] = { head }, *now;
	size_t size;

	(void)arg;
	must(syscall(SYS_set_robust_list, head, sizeof(head)));
	victim_arrive();
	victim_wait();
	must(syscall(SYS_get_robust_list, 0, &now, &size));
	check(now == head);
	same(size, sizeof(head));
	return NULL;
}

void victim(void)
{
	pthread_t thread[3];
	void *was, *now;
	size_t size;

	for (int i = 0; i < 3; i++)
		thread[i] = victim_thread(run, NULL);
	victim_gather(3);
	must(syscall(SYS_get_robust_list, 0, &was, &size));
	victim_move();
	must(syscall(SYS_get_robust_list, 0, &now, &size));
	check(now == was);
	for (int i = 0; i < 3; i++)
		zero(pthread_join(thread[i], NULL));
}
