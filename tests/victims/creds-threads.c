/* SPDX-License-Identifier: MIT */
/* creds-threads - threads with other credentials than their process
 *
 * The C library hides that credentials are a thread's; system calls do not.
 */
/* ways: -as because it takes CAP_SETUID and CAP_SETGID */
#include "victim.h"

static void *run(void *arg)
{
	long id = (long)arg;
	uid_t r, e, s;

	must(syscall(SYS_setresgid, id, id, id));
	must(syscall(SYS_setresuid, id, id + 1, id + 2));
	victim_arrive();
	victim_wait();
	must(syscall(SYS_getresuid, &r, &e, &s));
	same(r, id);
	same(e, id + 1);
	same(s, id + 2);
	same(syscall(SYS_getegid), id);
	return NULL;
}

void victim(void)
{
	pthread_t a = victim_thread(run, (void *)1000);
	pthread_t b = victim_thread(run, (void *)2000);

	victim_gather(2);
	victim_move();
	same(syscall(SYS_geteuid), 0);
	same(syscall(SYS_getegid), 0);
	zero(pthread_join(a, NULL));
	zero(pthread_join(b, NULL));
}
