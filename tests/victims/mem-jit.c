/* SPDX-License-Identifier: MIT */
/* mem-jit - code made at run time, one function of it running when moved */
#include "victim.h"

/* mov $imm32, %eax; ret */
static const unsigned char constant[] = { 0xb8, 0, 0, 0, 0, 0xc3 };
/* xor %eax,%eax; 1: inc %eax; cmpl $0, (%rdi); je 1b; mov $77, %eax; ret */
static const unsigned char spins[] = {
	0x31, 0xc0, 0xff, 0xc0, 0x83, 0x3f, 0x00, 0x74, 0xf9,
	0xb8, 77, 0, 0, 0, 0xc3,
};

static volatile int stop, started;

static void *run(void *arg)
{
	started = 1;
	same(((int (*)(volatile int *))arg)(&stop), 77);
	return NULL;
}

void victim(void)
{
	unsigned char *code = AREA_ANON(8192);
	unsigned char *wx = area(4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;
	int value = 123456;

	memcpy(code, constant, sizeof(constant));
	memcpy(code + 1, &value, 4);
	memcpy(code + 4096, spins, sizeof(spins));
	memcpy(wx, constant, sizeof(constant));
	must(mprotect(code, 8192, PROT_READ | PROT_EXEC));
	thread = victim_thread(run, code + 4096);
	while (!started)
		victim_sleep(0.001);
	victim_move();
	stop = 1;
	zero(pthread_join(thread, NULL));
	same(((int (*)(void))code)(), 123456);
	value = 98765;
	memcpy(wx + 1, &value, 4);
	same(((int (*)(void))wx)(), 98765);
}
