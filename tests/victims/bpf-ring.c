/* SPDX-License-Identifier: MIT */
/* bpf-ring - a ring of events in which one was not read yet */
/* refused: events that were not read yet */
#include "bpf.h"

/* A program puts 8 bytes of its stack there, once. */
static void tell(int ring)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8,
		  .imm = 5 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = ring },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2,
		  .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2,
		  .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 4 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ringbuf_output },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insn_cnt = sizeof(code) / sizeof(*code),
		.insns = (uint64_t)code, .license = (uint64_t)"GPL",
	};
	char packet[64] = { 0 };
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		victim_skip("no program of BPF: %s", strerror(errno));
	attr = (union bpf_attr){ .test = { .prog_fd = fd, .repeat = 1,
		.data_in = (uint64_t)packet, .data_size_in = sizeof(packet) } };
	if (bpf(BPF_PROG_TEST_RUN, &attr) < 0)
		victim_skip("programs of BPF cannot be tried: %s",
			    strerror(errno));
	close(fd);
	/* It is given up a moment later. */
	victim_sleep(0.3);
}

void victim(void)
{
	int ring = BPF_MAP(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	uint64_t *pages = must(mmap(NULL, 8192, PROT_READ, MAP_SHARED, ring,
				    0));

	tell(ring);
	check(pages[0] != pages[512]);
	must(munmap(pages, 8192));
	victim_move();
	same(bpf_info(ring).max_entries, 4096);
}
