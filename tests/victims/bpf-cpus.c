/* SPDX-License-Identifier: MIT */
/* bpf-cpus - maps of BPF with a value for each processor */
#include "bpf.h"

#define LENGTH	12	/* of a value, which takes 16 bytes */

static int cpus;

static void make(unsigned char *value, int seed)
{
	memset(value, 0, cpus * 16);
	for (int i = 0; i < cpus; i++)
		fill(value + i * 16, LENGTH, seed * 1000 + i);
}

static void try(int fd, uint32_t key)
{
	unsigned char *value = calloc(cpus, 16);

	must(bpf_get(fd, &key, value));
	for (int i = 0; i < cpus; i++)
		same_fill(value + i * 16, LENGTH, key * 1000 + i);
	free(value);
}

void victim(void)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY,
		BPF_MAP_TYPE_LRU_PERCPU_HASH,
	};
	unsigned char *value;
	int fds[3];

	cpus = bpf_cpus();
	value = malloc(cpus * 16);
	for (int k = 0; k < 3; k++) {
		fds[k] = BPF_MAP(types[k], 4, LENGTH, 100);
		for (uint32_t i = 1; i < 50; i++) {
			make(value, i);
			must(bpf_put(fds[k], &i, value));
		}
	}
	victim_move();
	for (int k = 0; k < 3; k++) {
		same(bpf_count(fds[k], 4), types[k] ==
		     BPF_MAP_TYPE_PERCPU_ARRAY ? 100 : 49);
		for (uint32_t i = 1; i < 50; i++)
			try(fds[k], i);
	}
}
