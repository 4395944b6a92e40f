/* SPDX-License-Identifier: MIT */
/* bpf-held - a map of BPF that another one holds */
/* refused: BPF map holds */
#include "bpf.h"

void victim(void)
{
	int inner = BPF_MAP(BPF_MAP_TYPE_ARRAY, 4, 4, 1);
	int outer = BPF_MAP(BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 3,
			    .inner_map_fd = inner);
	uint32_t key = 7;

	must(bpf_put(outer, &key, &inner));
	victim_move();
	same(bpf_count(outer, 4), 1);
}
