/* SPDX-License-Identifier: MIT */
/* bpf-program - a program of BPF cannot be read back */
/* refused: a BPF program */
#include "bpf.h"

static int load(void)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2,
		.insns = (uint64_t)code, .license = (uint64_t)"GPL",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		victim_skip("no program of BPF: %s", strerror(errno));
	return fd;
}

void victim(void)
{
	int fd = load();

	victim_move();
	must(fcntl(fd, F_GETFD));
}
