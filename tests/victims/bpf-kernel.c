/* SPDX-License-Identifier: MIT */
/* bpf-kernel - the types of the kernel are others elsewhere */
/* refused: types of the kernel */
#include "bpf.h"

void victim(void)
{
	union bpf_attr attr = { .btf_id = 1 };
	struct bpf_btf_info info = { 0 };
	int fd = bpf(BPF_BTF_GET_FD_BY_ID, &attr);

	if (fd < 0)
		victim_skip("no types of the kernel: %s", strerror(errno));
	attr = (union bpf_attr){ .info = { .bpf_fd = fd,
		.info_len = sizeof(info), .info = (uint64_t)&info } };
	must(bpf(BPF_OBJ_GET_INFO_BY_FD, &attr));
	if (!info.kernel_btf)
		victim_skip("no types of the kernel");
	victim_move();
	must(fcntl(fd, F_GETFD));
}
