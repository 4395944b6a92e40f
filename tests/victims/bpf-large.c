/* SPDX-License-Identifier: MIT */
/* bpf-large - a map of BPF with elements that no record has room for */
/* refused: elements of more than 1 MiB */
#include "bpf.h"

void victim(void)
{
	int fd = BPF_MAP(BPF_MAP_TYPE_ARRAY, 4, 2 << 20, 1);

	victim_move();
	same(bpf_info(fd).value_size, 2 << 20);
}
