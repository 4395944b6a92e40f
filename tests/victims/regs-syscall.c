/* SPDX-License-Identifier: MIT */
/* regs-syscall - registers across a blocked system call that is restarted
 *
 * The kernel changes rax, rcx and r11 in a system call and nothing else; a
 * program may keep all others, and the vector registers, alive over it.
 */
#include "victim.h"

#define KEPT(op) \
	op("rbx", 0) op("rbp", 1) op("r8", 2) op("r9", 3) op("r10", 4) \
	op("r12", 5) op("r13", 6) op("r14", 7) op("r15", 8)
#define LOAD(reg, n)	"movq in+8*" #n "(%rip), %" reg "\n"
#define STORE(reg, n)	"movq %" reg ", out+8*" #n "(%rip)\n"
#define VECTORS		".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"

#define SHARED	__attribute__((used, aligned(64)))

static unsigned char in[16 * 8] SHARED, out[16 * 8] SHARED;
static unsigned char vector_in[256] SHARED, vector_out[256] SHARED;
static uint64_t rdi, rsi, rdx;
long read_with_registers(long fd, void *to, long size) __asm__("rwr");

__asm__(".text\n.type rwr, @function\nrwr:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
	KEPT(LOAD)
	VECTORS "movdqu vector_in+16*\\n(%rip), %xmm\\n\n" ".endr\n"
	"xorl %eax, %eax\n"
	"syscall\n"
	KEPT(STORE)
	VECTORS "movdqu %xmm\\n, vector_out+16*\\n(%rip)\n" ".endr\n"
	"movq %rdi, out+8*9(%rip)\n"
	"movq %rsi, out+8*10(%rip)\n"
	"movq %rdx, out+8*11(%rip)\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\n"
	"ret\n"
	".size rwr, .-rwr\n");

static int ends[2];
static volatile pid_t reader;

static void *run(void *arg)
{
	char byte = 0;

	(void)arg;
	rdi = ends[0];
	rsi = (uint64_t)&byte;
	rdx = 1;
	reader = syscall(SYS_gettid);
	victim_arrive();
	same(read_with_registers(ends[0], &byte, 1), 1);
	same(byte, '!');
	return NULL;
}

void victim(void)
{
	pthread_t thread;
	uint64_t args[3];

	must(pipe(ends));
	fill(in, 9 * 8, 5);
	fill(vector_in, sizeof(vector_in), 6);
	thread = victim_thread(run, NULL);
	victim_gather(1);
	victim_blocked(reader, SYS_read);
	victim_move();
	same(write(ends[1], "!", 1), 1);
	zero(pthread_join(thread, NULL));
	same_fill(out, 9 * 8, 5);
	same_fill(vector_out, sizeof(vector_out), 6);
	memcpy(args, out + 9 * 8, sizeof(args));
	same(args[0], rdi);
	same(args[1], rsi);
	same(args[2], rdx);
}
