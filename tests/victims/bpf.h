/* SPDX-License-Identifier: MIT */
/* bpf.h - maps of bpf(2) by its system call alone */
#include <linux/bpf.h>

#include "victim.h"

static inline long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static inline int bpf_map(union bpf_attr attr)
{
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0 && (errno == EPERM || errno == ENOSYS))
		victim_skip("the right to BPF maps");
	return must(fd);
}

#define BPF_MAP(type, key, value, entries, ...)				\
	bpf_map((union bpf_attr){ .map_type = type, .key_size = key,	\
		.value_size = value, .max_entries = entries, ##__VA_ARGS__ })

static inline int bpf_put(int fd, const void *key, const void *value)
{
	union bpf_attr attr = { .map_fd = fd, .key = (uint64_t)key,
				.value = (uint64_t)value };

	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static inline int bpf_get(int fd, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = fd, .key = (uint64_t)key,
				.value = (uint64_t)value };

	return bpf(BPF_MAP_LOOKUP_ELEM, &attr);
}

static inline int bpf_count(int fd, size_t key_size)
{
	char key[256], next[256];
	union bpf_attr attr = { .map_fd = fd, .next_key = (uint64_t)next };
	int n = 0;

	for (; bpf(BPF_MAP_GET_NEXT_KEY, &attr) == 0; n++) {
		memcpy(key, next, key_size);
		attr = (union bpf_attr){ .map_fd = fd, .key = (uint64_t)key,
					 .next_key = (uint64_t)next };
	}
	same(errno, ENOENT);
	return n;
}

static inline struct bpf_map_info bpf_info(int fd)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = fd,
		.info_len = sizeof(info), .info = (uint64_t)&info } };

	must(bpf(BPF_OBJ_GET_INFO_BY_FD, &attr));
	return info;
}

static inline int bpf_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	int first = 0, last = 0, got = f ? fscanf(f, "%d-%d", &first, &last) : 0;

	if (f)
		fclose(f);
	return (got == 2 ? last : first) + 1;
}

/* One type: a signed integer of 4 bytes, with the number 1. */
static inline int bpf_types(void)
{
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t head, type_at, type_len, text_at, text_len;
		uint32_t name, info, size, integer;
		char text[8];
	} types = {
		0xeb9f, 1, 0, 24, 0, 16, 16, 5, 1, 1u << 24, 4, 1u << 24 | 32,
		"\0int",
	};
	union bpf_attr attr = { .btf = (uint64_t)&types,
				.btf_size = sizeof(types) - 3 };
	int fd = bpf(BPF_BTF_LOAD, &attr);

	if (fd < 0 && errno == EPERM)
		victim_skip("the right to types of BPF");
	return must(fd);
}
