/* SPDX-License-Identifier: MIT */
/* rseq - restartable sequences stay registered, in every thread
 *
 * The kernel writes the processor's number where the C library registered it.
 * A registration of one's own, over memory of one's own, is moved as well.
 */
#include "victim.h"

#include <sched.h>
#include <sys/rseq.h>

#define SIGNATURE	0x53053053
#define UNREGISTER	1

static volatile struct rseq *libc_rseq(void)
{
	return (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* The kernel is the only one who can write it. */
static void kernel_writes(volatile struct rseq *rseq)
{
	cpu_set_t all, one;

	must(sched_getaffinity(0, sizeof(all), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		must(sched_setaffinity(0, sizeof(one), &one));
		sched_yield();
		same(rseq->cpu_id, cpu);
	}
	must(sched_setaffinity(0, sizeof(all), &all));
}

static void *libc_thread(void *arg)
{
	volatile struct rseq *rseq = libc_rseq();

	(void)arg;
	kernel_writes(rseq);
	victim_arrive();
	victim_wait();
	kernel_writes(rseq);
	refused(syscall(SYS_rseq, rseq, 32, 0, SIGNATURE), EBUSY);
	return NULL;
}

static void *own_thread(void *arg)
{
	static struct rseq own __attribute__((aligned(32)));

	(void)arg;
	must(syscall(SYS_rseq, libc_rseq(), 32, UNREGISTER, SIGNATURE));
	must(syscall(SYS_rseq, &own, 32, 0, 0x12345678));
	kernel_writes(&own);
	victim_arrive();
	victim_wait();
	kernel_writes(&own);
	refused(syscall(SYS_rseq, &own, 32, 0, 0x87654321), EPERM);
	must(syscall(SYS_rseq, &own, 32, UNREGISTER, 0x12345678));
	return NULL;
}

static void *without(void *arg)
{
	(void)arg;
	must(syscall(SYS_rseq, libc_rseq(), 32, UNREGISTER, SIGNATURE));
	victim_arrive();
	victim_wait();
	/* It can be registered: so it was not. */
	must(syscall(SYS_rseq, libc_rseq(), 32, 0, SIGNATURE));
	return NULL;
}

void victim(void)
{
	void *(*const run[])(void *) = { libc_thread, own_thread, without };
	pthread_t thread[3];

	if (!__rseq_size)
		victim_skip("the C library uses no restartable sequences");
	for (int i = 0; i < 3; i++)
		thread[i] = victim_thread(run[i], NULL);
	victim_gather(3);
	kernel_writes(libc_rseq());
	victim_move();
	kernel_writes(libc_rseq());
	for (int i = 0; i < 3; i++)
		zero(pthread_join(thread[i], NULL));
}
