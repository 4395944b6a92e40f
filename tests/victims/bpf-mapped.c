/* SPDX-License-Identifier: MIT */
/* bpf-mapped - an array of BPF that is mapped */
/* refused: maps a BPF map */
#include "bpf.h"

void victim(void)
{
	int fd = BPF_MAP(BPF_MAP_TYPE_ARRAY, 4, 4096, 1,
			 .map_flags = BPF_F_MMAPABLE);
	char *at = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     0));

	*at = 5;
	victim_move();
	same(*at, 5);
}
