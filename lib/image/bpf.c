/* SPDX-License-Identifier: MIT */
/*
 * bpf.c - maps of bpf(2) with what is in them
 *
 * Those of numbers and bytes move: arrays, hashes, tries, also with values for each
 * processor.  A map that anybody outside the tree has, a program in the kernel
 * above all, is refused.  Descriptions of one map share its record's number, and
 * its elements follow the first of them, as keys and values one behind the other.
 * In which order a hash that forgets (LRU) would forget is not told.
 *
 * Others hold programs, sockets or processes of the kernel's, or give out only what
 * they lose by it (queues), and are refused; a ring of events moves if it is empty.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "image/anon.h"
#include "image/bpf.h"

#define DATA_MAX	(1u << 20)	/* bytes of elements in a record */
#define CPUS_MAX	8192u
#define NAME_LENGTH	(BPF_OBJ_NAME_LEN - 1)

/* Where memory is from cannot be told, nor be had elsewhere. */
#define KEPT_FLAGS	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU |	\
			 BPF_F_ZERO_SEED | BPF_F_RDONLY_PROG |		\
			 BPF_F_WRONLY_PROG | BPF_F_MMAPABLE)
#define KNOWN_FLAGS	(KEPT_FLAGS | BPF_F_NUMA_NODE)

static const struct field fields[] = {
	FIELD(struct rec_bpf_map, btf, FIELD_BLOB, .max = BTF_SIZE_MAX),
	FIELD(struct rec_bpf_map, key, FIELD_UINT),
	FIELD(struct rec_bpf_map, cpus, FIELD_UINT),
	FIELD(struct rec_bpf_map, name, FIELD_TEXT),
	FIELD(struct rec_bpf_map, type, FIELD_UINT),
	FIELD(struct rec_bpf_map, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_bpf_map, value, FIELD_UINT),
	FIELD(struct rec_bpf_map, frozen, FIELD_BOOL),
	FIELD(struct rec_bpf_map, number, FIELD_UINT),
	FIELD(struct rec_bpf_map, btf_key, FIELD_UINT),
	FIELD(struct rec_bpf_map, entries, FIELD_UINT),
	FIELD(struct rec_bpf_map, btf_value, FIELD_UINT),
	FIELD(struct rec_bpf_map, map_flags, FIELD_UINT, .hex = true),
};
static const struct schema schema =
	SCHEMA("BPF map", struct rec_bpf_map, fields);

static const struct field data_fields[] = {
	FIELD(struct rec_bpf_data, data, FIELD_BLOB, .max = DATA_MAX),
};
static const struct schema data_schema =
	SCHEMA("elements of a BPF map", struct rec_bpf_data, data_fields);

/* ---- sorts of maps ---- */

struct sort {
	uint32_t type;
	const char *name;
	bool array;		/* has all elements at all times */
	bool per_cpu;
	bool forgets;
	bool ring;
};

static const struct sort sorts[] = {
	{ .type = BPF_MAP_TYPE_HASH, .name = "hash" },
	{ .type = BPF_MAP_TYPE_ARRAY, .name = "array", .array = true },
	{ .type = BPF_MAP_TYPE_PERCPU_HASH, .name = "per-CPU hash",
	  .per_cpu = true },
	{ .type = BPF_MAP_TYPE_PERCPU_ARRAY, .name = "per-CPU array",
	  .array = true, .per_cpu = true },
	{ .type = BPF_MAP_TYPE_LRU_HASH, .name = "LRU hash", .forgets = true },
	{ .type = BPF_MAP_TYPE_LRU_PERCPU_HASH, .name = "per-CPU LRU hash",
	  .per_cpu = true, .forgets = true },
	{ .type = BPF_MAP_TYPE_LPM_TRIE, .name = "trie" },
	{ .type = BPF_MAP_TYPE_RINGBUF, .name = "ring of events",
	  .ring = true },
};

static const struct sort *sort_of(uint32_t type)
{
	for (size_t i = 0; i < sizeof(sorts) / sizeof(*sorts); i++)
		if (sorts[i].type == type)
			return &sorts[i];
	return NULL;
}

/* "0-3": processors that the kernel has values for; 0 if it does not say. */
static uint32_t possible_cpus(void)
{
	static uint32_t n;
	uint32_t first = 0, last = 0;
	char *text = n ? NULL :
		read_file("/sys/devices/system/cpu/possible", NULL);

	for (char *at = text, *part; at && (part = strsep(&at, ","));) {
		int got = sscanf(part, "%u-%u", &first, &last);

		if (got >= 1)
			n = (got == 2 ? last : first) + 1;
	}
	free(text);
	return n <= CPUS_MAX ? n : 0;
}

/* Bytes of a value as bpf(2) reads and writes it. */
static uint64_t value_bytes(const struct sort *sort, uint32_t value,
			    uint32_t cpus)
{
	return sort->per_cpu ? (uint64_t)cpus * ((value + 7ull) & ~7ull) :
		value;
}

/* ---- capture: what can be moved ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "bpf-map");
}

/* Its consumer and producer have come to the same place; their counters are the
 * beginnings of its first two pages. */
static bool ring_is_empty(int fd)
{
	uint64_t *pages = mmap(NULL, 2 * STREAM_PAGE, PROT_READ, MAP_SHARED, fd,
			       0);
	bool empty;

	if (pages == MAP_FAILED)
		return false;
	empty = pages[0] == pages[STREAM_PAGE / sizeof(*pages)];
	munmap(pages, 2 * STREAM_PAGE);
	return empty;
}

static bool fits(const struct sort *sort, const struct bpf_map_info *info)
{
	return sort->ring || info->key_size +
		value_bytes(sort, info->value_size, possible_cpus()) <= DATA_MAX;
}

/* Why it cannot be moved; owned, NULL if it can. */
static char *unmovable(const struct capture *c, int fd,
		       const struct bpf_map_info *info)
{
	const struct sort *sort = sort_of(info->type);
	char *why;

	if (!sort)
		return xasprintf("is of a sort that cannot be read back (%u)",
				 info->type);
	if (info->map_flags & ~KNOWN_FLAGS || info->map_extra ||
	    info->ifindex || info->btf_vmlinux_value_type_id)
		return xstrdup("was made in a way that is not known");
	why = bpf_map_shared(c, info->id);
	if (why)
		return why;
	if (sort->per_cpu && !possible_cpus())
		return xstrdup("has values of processors that are not told "
			       "here");
	if (!fits(sort, info))
		return xstrdup("has elements of more than 1 MiB");
	if (sort->ring && !ring_is_empty(fd))
		return xstrdup("has events that were not read yet");
	return NULL;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	struct bpf_map_info info = { 0 };
	struct failure mine = { 0 };
	int copy = anon_take(s, fd->fd, &mine);
	char *why;

	if (copy < 0) {
		if (c->frozen)
			*f = mine;
		return c->frozen ? -1 : 0;
	}
	why = bpf_info(copy, &info, sizeof(info)) < 0 ?
		xstrdup("tells nothing of itself") : unmovable(c, copy, &info);
	if (why)
		obstacle_add(c, s, "close it, or leave it behind (--drop)",
			     "has a BPF map that %s (descriptor %d), which "
			     "cannot be moved", why, fd->fd);
	free(why);
	close(copy);
	return 0;
}

/* ---- capture ---- */

static bool known(const struct capture *c, uint32_t number)
{
	image_each(&c->image, RECORD_BPF_MAP, struct rec_bpf_map, m)
		if (m->number == number)
			return true;
	return false;
}

/* What is kept of it, behind each other. */
struct elements {
	struct capture *c;
	uint64_t id;
	struct rec_bpf_data *rec;	/* that is being filled */
	size_t key, value;
};

static void keep(struct elements *e, const uint8_t *key, const uint8_t *value)
{
	struct blob *to = e->rec ? &e->rec->data : NULL;

	if (!to || to->len + e->key + e->value > DATA_MAX) {
		e->rec = image_add(&e->c->image, RECORD_BPF_DATA, e->id);
		to = &e->rec->data;
		to->data = xmalloc(DATA_MAX);
	}
	memcpy(to->data + to->len, key, e->key);
	memcpy(to->data + to->len + e->key, value, e->value);
	to->len += e->key + e->value;
}

static bool is_zero(const uint8_t *value, size_t n)
{
	return !n || (!value[0] && !memcmp(value, value + 1, n - 1));
}

static int next_key(int fd, const uint8_t *key, uint8_t *next)
{
	union bpf_attr attr = { .map_fd = fd, .key = (uint64_t)key,
				.next_key = (uint64_t)next };

	return bpf_call(BPF_MAP_GET_NEXT_KEY, &attr);
}

static int look_up(int fd, const uint8_t *key, uint8_t *value)
{
	union bpf_attr attr = { .map_fd = fd, .key = (uint64_t)key,
				.value = (uint64_t)value };

	return bpf_call(BPF_MAP_LOOKUP_ELEM, &attr);
}

/* A new array has zeros. */
static int read_elements(int fd, const struct sort *sort, struct elements *e)
{
	uint8_t *key = xcalloc(1, e->key), *next = xcalloc(1, e->key);
	uint8_t *value = xcalloc(1, e->value), *before = NULL;
	int rc;

	while ((rc = next_key(fd, before, next)) == 0) {
		memcpy(key, next, e->key);
		before = key;
		rc = look_up(fd, key, value);
		if (rc < 0)
			break;
		if (!sort->array || !is_zero(value, e->value))
			keep(e, key, value);
	}
	free(key);
	free(next);
	free(value);
	return rc < 0 && errno != ENOENT ? -1 : 0;
}

/* The description may be for writing alone. */
static int open_map(uint32_t number, uint32_t how)
{
	union bpf_attr attr = { .map_id = number, .open_flags = how };

	return bpf_call(BPF_MAP_GET_FD_BY_ID, &attr);
}

static int read_types(uint32_t number, struct blob *to)
{
	union bpf_attr attr = { .btf_id = number };
	int fd = bpf_call(BPF_BTF_GET_FD_BY_ID, &attr), rc;

	if (fd < 0)
		return -1;
	rc = btf_read(fd, to);
	close(fd);
	return rc;
}

static int read_map(struct capture *c, const struct bpf_map_info *info,
		    uint64_t id, struct rec_bpf_map *rec, struct failure *f)
{
	const struct sort *sort = sort_of(info->type);
	struct elements e = { c, id, NULL, rec->key, 0 };
	int fd = open_map(info->id, 0), rc = fd < 0 ? -1 : 0;

	e.value = value_bytes(sort, rec->value, rec->cpus);
	if (rc == 0 && info->btf_id)
		rc = read_types(info->btf_id, &rec->btf);
	if (rc == 0 && !sort->ring)
		rc = read_elements(fd, sort, &e);
	if (rc < 0)
		fail_errno(f, 0, "cannot read BPF map %u", info->id);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int record(struct capture *c, const struct source *s,
		  const struct source_fd *fd, int copy, uint64_t id,
		  struct failure *f)
{
	struct bpf_map_info info = { 0 };
	uint64_t frozen = 0;
	struct rec_bpf_map *rec;
	bool first;

	if (bpf_info(copy, &info, sizeof(info)) < 0 || !sort_of(info.type))
		return fail(f, STATUS_OBSTACLE, "process %d has a BPF map that "
			    "cannot be read back (descriptor %d)", s->pid,
			    fd->fd);
	first = !known(c, info.id);
	anon_value(&fd->info, "frozen:", 10, &frozen);
	rec = image_add(&c->image, RECORD_BPF_MAP, id);
	rec->number = info.id;
	rec->type = info.type;
	rec->key = info.key_size;
	rec->value = info.value_size;
	rec->entries = info.max_entries;
	rec->map_flags = info.map_flags & KEPT_FLAGS;
	rec->flags = fd->info.flags & (O_ACCMODE | ANON_FLAGS);
	rec->name = xstrdup(info.name);
	rec->frozen = frozen;
	rec->cpus = sort_of(info.type)->per_cpu ? possible_cpus() : 0;
	rec->btf_key = info.btf_key_type_id;
	rec->btf_value = info.btf_value_type_id;
	return first ? read_map(c, &info, id, rec, f) : 0;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	int copy = anon_take(s, fd->fd, f), rc;

	if (copy < 0)
		return -1;
	rc = record(c, s, fd, copy, id, f);
	close(copy);
	return rc;
}

const struct fd_kind fd_kind_bpf_map = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static bool is_sound(const struct rec_bpf_map *m)
{
	const struct sort *sort = sort_of(m->type);

	return sort && m->number && m->entries &&
	       !(m->map_flags & ~KEPT_FLAGS) &&
	       !(m->flags & ~(O_ACCMODE | ANON_FLAGS)) &&
	       (m->flags & O_ACCMODE) != O_ACCMODE &&
	       (!m->name || strlen(m->name) <= NAME_LENGTH) &&
	       m->cpus <= CPUS_MAX && !m->cpus == !sort->per_cpu &&
	       (sort->ring ? !m->key && !m->value : m->key &&
		m->key + value_bytes(sort, m->value, m->cpus) <= DATA_MAX);
}

static int unsound(uint64_t id, struct failure *f)
{
	return fail(f, STATUS_STREAM, "BPF map %llu is not sound",
		    (unsigned long long)id);
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_BPF_MAP, struct rec_bpf_map, m) {
		if (!is_sound(m))
			return unsound(m_r->id, f);
		if (m->cpus && m->cpus > possible_cpus())
			differs_add(r, "a BPF map has values for %u processors, "
				    "and there are %u here", m->cpus,
				    possible_cpus());
	}
	return 0;
}

static int verify_data(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_BPF_DATA, struct rec_bpf_data, d) {
		const struct rec_bpf_map *m =
			image_find(&r->image, RECORD_BPF_MAP, d_r->id);
		const struct sort *sort = m ? sort_of(m->type) : NULL;

		if (!sort || sort->ring || d->data.len %
		    (m->key + value_bytes(sort, m->value, m->cpus)))
			return unsound(d_r->id, f);
	}
	return 0;
}

static int create(const struct rec_bpf_map *m)
{
	union bpf_attr attr = {
		.map_type = m->type, .key_size = m->key, .value_size = m->value,
		.max_entries = m->entries, .map_flags = m->map_flags,
		.btf_key_type_id = m->btf_key,
		.btf_value_type_id = m->btf_value,
	};
	int btf = m->btf.len ? btf_load(&m->btf) : 0, fd;

	if (btf < 0)
		return -1;
	attr.btf_fd = btf;
	if (m->name)
		memcpy(attr.map_name, m->name, strlen(m->name));
	fd = bpf_call(BPF_MAP_CREATE, &attr);
	if (btf > 0)
		close(btf);
	return fd;
}

static int put(int fd, const uint8_t *key, const uint8_t *value)
{
	union bpf_attr attr = { .map_fd = fd, .key = (uint64_t)key,
				.value = (uint64_t)value };

	return bpf_call(BPF_MAP_UPDATE_ELEM, &attr);
}

/* Values of processors that only this machine has are zero. */
static int put_all(int fd, const struct rec_bpf_map *m,
		   const struct blob *data)
{
	const struct sort *sort = sort_of(m->type);
	size_t size = value_bytes(sort, m->value, m->cpus);
	size_t here = value_bytes(sort, m->value, possible_cpus());
	uint8_t *value = xcalloc(1, here > size ? here : size);
	int rc = 0;

	for (size_t at = 0; at < data->len && rc == 0; at += m->key + size) {
		memcpy(value, data->data + at + m->key, size);
		rc = put(fd, data->data + at, value);
	}
	free(value);
	return rc;
}

/* It may have thrown some out again to make room for others. */
static void count(struct restore *r, int fd, const struct rec_bpf_map *m,
		  size_t expected)
{
	uint8_t *key = xcalloc(1, m->key), *next = xcalloc(1, m->key);
	uint8_t *before = NULL;
	size_t n = 0;

	for (; next_key(fd, before, next) == 0; n++) {
		memcpy(key, next, m->key);
		before = key;
	}
	free(key);
	free(next);
	if (n < expected)
		warning_add(r, "a BPF map has forgotten %zu of %zu entries, as "
			    "an LRU hash may", expected - n, expected);
}

static int fill(struct restore *r, int fd, uint64_t id,
		const struct rec_bpf_map *m)
{
	const struct sort *sort = sort_of(m->type);
	size_t size = m->key + value_bytes(sort, m->value, m->cpus);
	union bpf_attr freeze = { .map_fd = fd };
	size_t n, elements = 0;
	struct record *data = image_run(&r->image, RECORD_BPF_DATA, id, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rec_bpf_data *d = data[i].data;

		if (put_all(fd, m, &d->data) < 0)
			return -1;
		elements += d->data.len / size;
	}
	if (sort->forgets)
		count(r, fd, m, elements);
	return m->frozen ? bpf_call(BPF_MAP_FREEZE, &freeze) : 0;
}

/* Of the map that an earlier record made, or of a new one. */
static int open_first(struct restore *r, uint64_t id,
		      const struct rec_bpf_map *m)
{
	int fd;

	image_each(&r->image, RECORD_BPF_MAP, struct rec_bpf_map, before)
		if (before->number == m->number && before_r->id != id &&
		    opened_find(&r->opened, before_r->id) >= 0)
			return dup(opened_find(&r->opened, before_r->id));
	fd = create(m);
	if (fd >= 0 && fill(r, fd, id, m) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* Each is a description of its own, of what it may do alone. */
static int open_again(int fd, uint32_t flags)
{
	struct bpf_map_info info = { 0 };
	uint32_t mode = flags & O_ACCMODE;

	if (bpf_info(fd, &info, sizeof(info)) < 0)
		return -1;
	return open_map(info.id, mode == O_RDONLY ? BPF_F_RDONLY :
			mode == O_WRONLY ? BPF_F_WRONLY : 0);
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_BPF_MAP, struct rec_bpf_map, m) {
		int first = open_first(r, m_r->id, m);
		int fd = first < 0 ? -1 : open_again(first, m->flags);

		if (fd < 0)
			fail_errno(f, 0, "cannot make a BPF map (%s)",
				   sort_of(m->type)->name);
		if (first >= 0)
			close(first);
		if (fd < 0 || anon_opened(r, m_r->id, fd, m->flags, f) < 0)
			return -1;
	}
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_bpf_map *m = rec;
	const struct sort *sort = sort_of(m->type);

	fprintf(to, "BPF map, %s of %u entries%s", sort ? sort->name : "?",
		m->entries, m->frozen ? ", frozen" : "");
}

const struct kind kind_bpf_map = {
	.type = RECORD_BPF_MAP, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .prepare = prepare, .describe = describe,
};

const struct kind kind_bpf_data = {
	.type = RECORD_BPF_DATA, .schema = &data_schema, .verify = verify_data,
};
