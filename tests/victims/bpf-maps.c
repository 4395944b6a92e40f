/* SPDX-License-Identifier: MIT */
/* bpf-maps - maps of BPF of every sort that is numbers and bytes, with what is in
 * them, names and flags */
#include "bpf.h"

#define ENTRIES	3000

struct prefix {
	uint32_t bits;
	uint8_t address[4];
};

static void put_trie(int fd, uint32_t bits, uint8_t last, uint64_t value)
{
	struct prefix p = { bits, { 10, 0, 0, last } };

	must(bpf_put(fd, &p, &value));
}

static uint64_t get_trie(int fd, uint8_t last)
{
	struct prefix p = { 32, { 10, 0, 0, last } };
	uint64_t value = 0;

	must(bpf_get(fd, &p, &value));
	return value;
}

void victim(void)
{
	int hash = BPF_MAP(BPF_MAP_TYPE_HASH, 4, 300, 5000,
			   .map_flags = BPF_F_NO_PREALLOC, .map_name = "hash");
	int array = BPF_MAP(BPF_MAP_TYPE_ARRAY, 4, 8, 100);
	int lru = BPF_MAP(BPF_MAP_TYPE_LRU_HASH, 8, 8, 10000);
	int trie = BPF_MAP(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 100,
			   .map_flags = BPF_F_NO_PREALLOC);
	int none = BPF_MAP(BPF_MAP_TYPE_HASH, 16, 16, 7);
	unsigned char value[300];
	uint64_t number, key;

	for (uint32_t i = 0; i < ENTRIES; i++) {
		fill(value, sizeof(value), i);
		must(bpf_put(hash, &i, value));
		key = i;
		number = i * 3;
		must(bpf_put(lru, &key, &number));
	}
	for (uint32_t i = 0; i < 100; i += 9) {
		number = i + 1;
		must(bpf_put(array, &i, &number));
	}
	put_trie(trie, 8, 0, 8);
	put_trie(trie, 24, 0, 24);
	put_trie(trie, 32, 7, 32);
	victim_move();
	same(bpf_count(hash, 4), ENTRIES);
	same(bpf_count(lru, 8), ENTRIES);
	same(bpf_count(trie, 8), 3);
	same(bpf_count(none, 16), 0);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		must(bpf_get(hash, &i, value));
		same_fill(value, sizeof(value), i);
		key = i;
		must(bpf_get(lru, &key, &number));
		same(number, i * 3);
	}
	for (uint32_t i = 0; i < 100; i++) {
		must(bpf_get(array, &i, &number));
		same(number, i % 9 ? 0 : i + 1);
	}
	same(get_trie(trie, 7), 32);
	same(get_trie(trie, 8), 24);
	same_text(bpf_info(hash).name, "hash");
	same(bpf_info(hash).map_flags, BPF_F_NO_PREALLOC);
	same(bpf_info(hash).max_entries, 5000);
	same(bpf_info(none).max_entries, 7);
	check(fcntl(hash, F_GETFD) & FD_CLOEXEC);
}
