/* SPDX-License-Identifier: MIT */
/* bpf-queue - a map of BPF that gives out only what it loses by it */
/* refused: of a sort that cannot be read back */
#include "bpf.h"

void victim(void)
{
	int fd = BPF_MAP(BPF_MAP_TYPE_QUEUE, 0, 8, 10);
	uint64_t value = 5;

	must(bpf_put(fd, NULL, &value));
	victim_move();
	value = 0;
	must(bpf_get(fd, NULL, &value));
	same(value, 5);
}
