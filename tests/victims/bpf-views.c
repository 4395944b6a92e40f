/* SPDX-License-Identifier: MIT */
/* bpf-views - descriptors of one map of BPF that may read, write or do both, in two
 * processes; one that is frozen; types, and an empty ring of events */
#include "bpf.h"

static int both, reader, writer, pipes[2];

static int again(int fd, uint32_t how)
{
	union bpf_attr attr = { .map_id = bpf_info(fd).id, .open_flags = how };

	return must(bpf(BPF_MAP_GET_FD_BY_ID, &attr));
}

static void child(void)
{
	uint32_t key = 1;
	uint64_t value = 0;
	char c;

	same(read(pipes[0], &c, 1), 1);
	must(bpf_get(both, &key, &value));
	same(value, 77);
}

void victim(void)
{
	int types = bpf_types(), fixed, ring;
	uint32_t key = 1;
	uint64_t value = 5;
	pid_t pid;
	union bpf_attr freeze = { 0 };

	both = BPF_MAP(BPF_MAP_TYPE_HASH, 4, 8, 10);
	reader = again(both, BPF_F_RDONLY);
	writer = again(both, BPF_F_WRONLY);
	fixed = BPF_MAP(BPF_MAP_TYPE_ARRAY, 4, 4, 1, .btf_fd = types,
			.btf_key_type_id = 1, .btf_value_type_id = 1);
	ring = BPF_MAP(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
	must(bpf_put(both, &key, &value));
	key = 0;
	value = 9;
	must(bpf_put(fixed, &key, &value));
	freeze.map_fd = fixed;
	must(bpf(BPF_MAP_FREEZE, &freeze));
	must(pipe(pipes));
	pid = victim_child(child);
	victim_move();
	key = 1;
	must(bpf_get(reader, &key, &value));
	same(value, 5);
	refused(bpf_put(reader, &key, &value), EPERM);
	value = 77;
	must(bpf_put(writer, &key, &value));
	refused(bpf_get(writer, &key, &value), EPERM);
	must(bpf_get(both, &key, &value));
	same(value, 77);
	same(write(pipes[1], "x", 1), 1);
	victim_reap(pid, 0);
	key = 0;
	refused(bpf_put(fixed, &key, &value), EPERM);
	value = 0;
	must(bpf_get(fixed, &key, &value));
	same(value, 9);
	same(bpf_info(fixed).btf_value_type_id, 1);
	check(bpf_info(fixed).btf_id);
	same(bpf_info(ring).max_entries, 4096);
	/* They are types still. */
	BPF_MAP(BPF_MAP_TYPE_ARRAY, 4, 4, 1, .btf_fd = types,
		.btf_key_type_id = 1, .btf_value_type_id = 1);
}
