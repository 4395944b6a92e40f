/* SPDX-License-Identifier: MIT */
/* regs-control - rounding modes of SSE and x87, other ones in each thread
 *
 * MXCSR and the x87 control word are looked at after a wait in a system call
 * and after a busy loop alike.
 */
#include "spin.h"

static const uint32_t mxcsr_loop SHARED = 0x1f80 | 0x8040 | 0x6000;
static const uint16_t cw_loop SHARED = 0x0c7f;
static uint32_t mxcsr_out SHARED;
static uint16_t cw_out SHARED;

FUNCTION_SPIN(
	"ldmxcsr mxcsr_loop(%rip)\n"
	"fldcw cw_loop(%rip)\n"
	SPIN
	"stmxcsr mxcsr_out(%rip)\n"
	"fnstcw cw_out(%rip)\n"
);

static void set(uint32_t mxcsr, uint16_t cw)
{
	__asm__ volatile("ldmxcsr %0; fldcw %1" :: "m"(mxcsr), "m"(cw));
}

static void is(uint32_t mxcsr, uint16_t cw)
{
	uint32_t mxcsr_now;
	uint16_t cw_now;

	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr_now),
			 "=m"(cw_now));
	/* The lowest six bits say what has happened. */
	same(mxcsr_now & ~0x3fu, mxcsr & ~0x3fu);
	same(cw_now, cw);
}

static void *other(void *arg)
{
	(void)arg;
	set(0x1f80 | 0x2000, 0x067f);
	victim_arrive();
	victim_wait();
	is(0x1f80 | 0x2000, 0x067f);
	return NULL;
}

void victim(void)
{
	pthread_t thread = victim_thread(other, NULL);

	victim_gather(1);
	set(0x1f80 | 0x4000, 0x0a7f);
	spin_move(0);
	is(0x1f80 | 0x4000, 0x0a7f);
	zero(pthread_join(thread, NULL));
	same(mxcsr_out, mxcsr_loop);
	same(cw_out, cw_loop);
}
