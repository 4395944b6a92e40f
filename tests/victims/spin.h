/* SPDX-License-Identifier: MIT */
/*
 * spin.h - registers that are alive in a loop that never leaves user space
 *
 * The including victim is an assembler function spin(), which loads registers
 * from spin_in, sets spin_started, spins until spin_stop is set and stores
 * the registers to spin_out.  Nothing is saved anywhere meanwhile but by the
 * kernel.  All names are static: addressing is relative to rip.
 */
#include "victim.h"

/* The loop, as assembler text; label 7 is its own. */
#define SPIN \
	"movl $1, spin_started(%rip)\n" \
	"7: pause\n" \
	"cmpl $0, spin_stop(%rip)\n" \
	"je 7b\n"

#define FUNCTION_SPIN(body) \
	__asm__(".text\n.type spin, @function\nspin:\n" body "ret\n" \
		".size spin, .-spin\n")

#define SHARED	__attribute__((used, aligned(64)))

static volatile int spin_started SHARED;
static volatile int spin_stop SHARED;
/* Room for the largest: 32 registers of 64 bytes. */
static unsigned char spin_in[2048] SHARED;
static unsigned char spin_out[2048] SHARED;
void spin(void) __asm__("spin");

static void *spin_run(void *arg)
{
	(void)arg;
	spin();
	return NULL;
}

/* Spin through the move with @size random bytes in registers, which must come
 * out as they went in. */
static inline void spin_move(size_t size)
{
	pthread_t thread;

	fill(spin_in, size, 42);
	thread = victim_thread(spin_run, NULL);
	while (!spin_started)
		victim_sleep(0.001);
	victim_move();
	spin_stop = 1;
	zero(pthread_join(thread, NULL));
	same_fill(spin_out, size, 42);
}
