/* SPDX-License-Identifier: MIT */
/* bpf-used - a map that a program in the kernel goes on using */
/* refused: BPF program uses */
#include <sys/socket.h>

#include "bpf.h"

/* It is attached to a socket, and looks nothing up. */
static int attach(int map)
{
	struct bpf_insn code[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 4,
		.insns = (uint64_t)code, .license = (uint64_t)"GPL",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr), pair[2];

	if (fd < 0)
		victim_skip("no program of BPF: %s", strerror(errno));
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	must(setsockopt(pair[0], SOL_SOCKET, 50 /* SO_ATTACH_BPF */, &fd,
			sizeof(fd)));
	close(fd);
	return pair[0];
}

void victim(void)
{
	int map = BPF_MAP(BPF_MAP_TYPE_ARRAY, 4, 4, 1);

	attach(map);
	victim_move();
	same(bpf_count(map, 4), 1);
}
