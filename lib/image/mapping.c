/* SPDX-License-Identifier: MIT */
/*
 * mapping.c - the mappings of an address space
 *
 * What is in their pages is memory.c's business; here is where they are, what
 * they map, and how: protection, locking, advice.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "image/capture.h"
#include "image/huge.h"
#include "image/mapping.h"
#include "image/names.h"
#include "image/nest.h"
#include "image/restore.h"
#include "image/sysv.h"
#include "image/track.h"

static const struct field fields[] = {
	FIELD(struct rec_mapping, end, FIELD_UINT, .hex = true),
	FIELD(struct rec_mapping, huge, FIELD_UINT),
	FIELD(struct rec_mapping, kind, FIELD_UINT),
	FIELD(struct rec_mapping, name, FIELD_TEXT),
	FIELD(struct rec_mapping, prot, FIELD_UINT),
	FIELD(struct rec_mapping, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_mapping, start, FIELD_UINT, .hex = true),
	FIELD(struct rec_mapping, guards, FIELD_WORDS),
	FIELD(struct rec_mapping, offset, FIELD_UINT, .hex = true),
	FIELD(struct rec_mapping, source, FIELD_UINT),
	FIELD(struct rec_mapping, present, FIELD_UINT),
};

static const struct schema schema = SCHEMA("mapping", struct rec_mapping, fields);

/* Younger than the headers. */
#define DROPPABLE		0x08	/* MAP_DROPPABLE, 6.11 */
#define GUARD_INSTALL		102	/* MADV_GUARD_INSTALL, 6.13 */
#define SYS_MSEAL		462	/* 6.10 */

/* Flags that say nothing beyond the protection and the kind. */
#define FLAGS_DERIVED	(VMF_RD | VMF_WR | VMF_EX | VMF_MR | VMF_ME)
/* Those that nothing in a stream has. */
#define FLAGS_REFUSED	(~(VMF_LF | 0xffffffffull) | VMF_UM | VMF_UW | VMF_UI | \
			 VMF_SS)

/* ---- what can be moved ---- */

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static bool is_kernels(const struct proc_map *m)
{
	return !strcmp(m->path, "[vvar]") || !strcmp(m->path, "[vdso]") ||
	       !strcmp(m->path, "[vvar_vclock]") ||
	       !strcmp(m->path, "[vsyscall]");
}

bool mapping_is_anonymous(const struct proc_map *m)
{
	if (m->path[0] == '/')
		return huge_is_anonymous(m) ||
		       (!m->deleted && !(m->flags & VMF_MS) &&
			!strcmp(m->path, "/dev/zero"));
	return !m->path[0] || !strcmp(m->path, "[heap]") ||
	       !strcmp(m->path, "[stack]") || starts(m->path, "[anon:");
}

/* PR_SET_VMA_ANON_NAME gives it a name in place of "/dev/zero (deleted)". */
static bool is_shared_anonymous(const struct proc_map *m)
{
	return starts(m->path, "[anon_shmem:");
}

static bool is_aio(const struct proc_map *m)
{
	return m->deleted && !strcmp(m->path, "/[aio]");
}

static bool is_ring(const struct proc_map *m)
{
	return !strcmp(m->path, "anon_inode:[io_uring]");
}

/* Why not; NULL if it can. */
static const char *unmovable(const struct proc_map *m)
{
	if (is_kernels(m))
		return NULL;
	if (m->flags & (VMF_UM | VMF_UW | VMF_UI))
		return "has memory watched by userfaultfd";
	if (m->flags & VMF_SS)
		return "uses a shadow stack";
	/* The kernel gives memory that may only be executed a key by itself. */
	if (m->pkey && (m->flags & (VMF_RD | VMF_WR | VMF_EX)) != VMF_EX)
		return "uses memory protection keys (pkey_mprotect)";
	if (mapping_is_anonymous(m) || is_shared_anonymous(m))
		return NULL;
	if (is_ring(m))
		return NULL;
	if (!strcmp(m->path, "[uprobes]"))
		return "has been traced with uprobes";
	if (!strcmp(m->path, "anon_inode:bpf-map"))
		return "maps a BPF map";
	if (m->path[0] != '/')
		return "maps something of the kernel's";
	if (is_aio(m) && m->offset)
		return "maps a context of asynchronous I/O (io_setup) in "
		       "pieces";
	if (starts(m->path, "/secretmem"))
		return "maps secret memory (memfd_secret)";
	if (m->flags & (VMF_IO | VMF_PF))
		return "maps a device";
	return NULL;
}

static int check(struct capture *c, struct source *s, struct failure *f)
{
	(void)f;
	list_each(&s->maps, struct proc_map, m) {
		struct proc_map seen = *m;
		const char *why;

		if (c->track && track_watches(c->track, s->pid, m))
			seen.flags &= ~(uint64_t)VMF_UW;
		why = unmovable(&seen);

		if (!why && is_ring(m) && !uring_is_open(c, m->ino))
			why = "maps an io_uring that it has closed";
		if (why)
			obstacle_add(c, s, NULL, "%s (%s at 0x%llx)", why,
				     m->path[0] ? m->path : "anonymous memory",
				     (unsigned long long)m->start);
	}
	return 0;
}

/* ---- capture ---- */

static int object_kind(const struct proc_map *m)
{
	if (!strcmp(m->path, "/dev/zero") || is_shared_anonymous(m) ||
	    huge_is_shared(m))
		return OBJECT_SHARED;
	return starts(m->path, "/memfd:") ? OBJECT_MEMFD : OBJECT_DELETED;
}

static bool is_written(const struct proc_map *m)
{
	return m->flags & VMF_MS && m->flags & VMF_MW;
}

/* Without the privilege to look: a descriptor of it tells how many names there
 * are.  If there is none, what is written to is searched for all the same. */
static bool guess(const struct source *s, const struct proc_map *m,
		  struct stat *st)
{
	list_each(&s->fds, const struct source_fd, fd)
		if (fd->st.st_dev == m->dev && fd->st.st_ino == m->ino) {
			*st = fd->st;
			return true;
		}
	*st = (struct stat){ .st_dev = m->dev, .st_ino = m->ino,
			     .st_mode = S_IFREG, .st_nlink = 1 };
	return is_written(m);
}

/* The name that a deleted file has besides; owned, NULL none. */
static char *other_name(const struct source *s, const struct proc_map *m)
{
	struct stat st;
	char magic[96];

	if (object_kind(m) != OBJECT_DELETED)
		return NULL;
	snprintf(magic, sizeof(magic), "/proc/%d/map_files/%llx-%llx", s->via,
		 (unsigned long long)m->start, (unsigned long long)m->end);
	return stat(magic, &st) == 0 || (errno == EPERM && guess(s, m, &st)) ?
		name_other(m->path, &st) : NULL;
}

static bool is_sysv(const struct proc_map *m)
{
	return m->deleted && m->flags & VMF_MS && starts(m->path, "/SYSV");
}

static int classify_unnamed(struct capture *c, struct source *s,
			    const struct proc_map *m, struct rec_mapping *rec,
			    struct failure *f)
{
	char *other = is_sysv(m) ? NULL : other_name(s, m);

	if (is_sysv(m)) {
		rec->kind = MAPPING_OBJECT;
		rec->source = shm_of_map(c, s, m, f);
	} else if (other) {
		struct proc_map named = *m;

		named.path = other;
		rec->kind = MAPPING_FILE;
		rec->source = file_for_mapping(c, s, &named, is_written(m), f);
		free(other);
	} else {
		rec->kind = MAPPING_OBJECT;
		rec->source = object_of_map(c, s, m, object_kind(m), f);
	}
	return rec->source ? 0 : -1;
}

static int classify(struct capture *c, struct source *s,
		    const struct proc_map *m, struct rec_mapping *rec,
		    struct failure *f)
{
	rec->offset = m->offset;
	if (mapping_is_anonymous(m)) {
		rec->kind = MAPPING_ANON;
		rec->offset = 0;
	} else if (!strcmp(m->path, "[vdso]")) {
		rec->kind = MAPPING_VDSO;
	} else if (is_ring(m)) {
		rec->kind = MAPPING_RING;
		rec->source = m->ino;
	} else if (is_aio(m)) {
		rec->kind = MAPPING_AIO;
	} else if (is_kernels(m)) {
		rec->kind = MAPPING_VVAR;
	} else if (m->deleted || is_shared_anonymous(m)) {
		return classify_unnamed(c, s, m, rec, f);
	} else {
		rec->kind = MAPPING_FILE;
		rec->source = file_for_mapping(c, s, m, is_written(m), f);
		return rec->source ? 0 : -1;
	}
	return 0;
}

/* Those of @all that are in @m; both are in the order of addresses. */
static void take_guards(struct rec_mapping *m, const struct list *all)
{
	list_each(all, struct page_range, g) {
		uint64_t start = g->start > m->start ? g->start : m->start;
		uint64_t end = g->end < m->end ? g->end : m->end;

		if (start >= end)
			continue;
		*(uint64_t *)list_add(&m->guards, sizeof(start)) = start;
		*(uint64_t *)list_add(&m->guards, sizeof(end)) = end;
	}
}

static int find_guards(struct source *s, struct list *ranges, struct failure *f)
{
	if (!s->maps.n || proc_pages(s->pagemap, 4096, TASK_END, PAGES_GUARD,
				     ranges) == 0)
		return 0;
	return fail_errno(f, 0, "cannot read the page map of process %d",
			  s->pid);
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	struct list guards = { 0 };
	int rc = find_guards(s, &guards, f);

	list_each(&s->maps, struct proc_map, m) {
		struct rec_mapping *rec;

		if (rc < 0)
			break;
		if (m->start >= TASK_END)	/* [vsyscall] */
			continue;
		rec = image_add(&c->image, RECORD_MAPPING, s->id);
		rec->start = m->start;
		rec->end = m->end;
		rec->prot = (m->flags & VMF_RD ? PROT_READ : 0) |
			    (m->flags & VMF_WR ? PROT_WRITE : 0) |
			    (m->flags & VMF_EX ? PROT_EXEC : 0);
		/* What watches writes is ours. */
		rec->flags = m->flags & ~(uint64_t)(FLAGS_DERIVED | VMF_UW);
		rec->name = xstrdup(m->path);
		take_guards(rec, &guards);
		rc = huge_capture(s, m, rec, f);
		if (rc == 0)
			rc = classify(c, s, m, rec, f);
	}
	list_free(&guards);
	return rc;
}

/* ---- restore ---- */

static int bad_mapping(const struct record *at, const char *why,
		       struct failure *f)
{
	const struct rec_mapping *m = at->data;

	return fail(f, STATUS_STREAM, "mapping 0x%llx..0x%llx of process %llu %s",
		    (unsigned long long)m->start, (unsigned long long)m->end,
		    (unsigned long long)at->id, why);
}

/* Pairs of addresses inside the mapping. */
static bool guards_sound(const struct rec_mapping *m)
{
	uint64_t last = m->start;

	if (m->guards.n % 2)
		return false;
	list_each(&m->guards, uint64_t, at) {
		if (*at < last || *at > m->end || *at % STREAM_PAGE)
			return false;
		last = *at;
	}
	return true;
}

static bool has_ring(const struct restore *r, uint64_t ino)
{
	image_each(&r->image, RECORD_URING, struct rec_uring, u)
		if (u->ino == ino)
			return true;
	return false;
}

static int verify(struct restore *r, struct failure *f)
{
	struct list *l = image_list(&r->image, RECORD_MAPPING);
	const struct record *last = NULL;

	list_each(l, struct record, at) {
		const struct rec_mapping *m = at->data, *before;

		if (!image_find(&r->image, RECORD_SPACE, at->id))
			return bad_mapping(at, "has no address space", f);
		if ((m->start | m->end) % STREAM_PAGE || m->start >= m->end ||
		    m->end > TASK_END || m->start < 4096)
			return bad_mapping(at, "has impossible bounds", f);
		before = last && last->id == at->id ? last->data : NULL;
		if (before && m->start < before->end)
			return bad_mapping(at, "overlaps the one before", f);
		if (m->kind > MAPPING_AIO || m->prot > 7 ||
		    m->flags & FLAGS_REFUSED)
			return bad_mapping(at, "is of an unknown kind", f);
		if (!guards_sound(m))
			return bad_mapping(at, "has impossible guards", f);
		if (!huge_sound(r, m))
			return bad_mapping(at, "has impossible huge pages", f);
		if (m->kind == MAPPING_FILE &&
		    !image_find(&r->image, RECORD_FILE, m->source))
			return bad_mapping(at, "maps a file that the stream "
					   "does not have", f);
		if (m->kind == MAPPING_OBJECT &&
		    !image_find(&r->image, RECORD_OBJECT, m->source))
			return bad_mapping(at, "maps an object that the stream "
					   "does not have", f);
		if (m->kind == MAPPING_RING && !has_ring(r, m->source))
			return bad_mapping(at, "maps an io_uring that the "
					   "stream does not have", f);
		last = at;
	}
	huge_check(r);
	return 0;
}

/* What may never be written to is mapped from a descriptor for reading. */
static bool is_read_only(const struct rec_mapping *m)
{
	return m->flags & VMF_MS && !(m->flags & VMF_MW);
}

static int source_fd(struct restore *r, const struct rec_mapping *m)
{
	if (m->kind == MAPPING_FILE)
		return file_fd(r, m->source);
	if (m->kind == MAPPING_OBJECT)
		return opened_find(is_read_only(m) ? &r->objects_ro :
				   &r->objects, m->source);
	return -1;
}

static bool is_attached(const struct restore *r, const struct rec_mapping *m)
{
	const struct rec_object *o = m->kind == MAPPING_OBJECT ?
		image_find(&r->image, RECORD_OBJECT, m->source) : NULL;

	return o && o->kind == OBJECT_SYSV;
}

/* Before it is filled. */
static void add_huge(struct batch *b, const struct rec_mapping *m)
{
	if (m->flags & VMF_HG)
		batch_add(b, NULL, SYS_madvise, m->start, m->end - m->start,
			  MADV_HUGEPAGE);
	if (m->flags & VMF_NH)
		batch_add(b, NULL, SYS_madvise, m->start, m->end - m->start,
			  MADV_NOHUGEPAGE);
}

/* Huge pages are not to be filled but where they may be written to. */
static bool is_closed_later(const struct rec_mapping *m)
{
	return m->huge && !(m->flags & VMF_MS) && !(m->prot & PROT_WRITE);
}

static void add_mmap(struct restore *r, struct batch *b,
		     const struct rec_mapping *m)
{
	uint64_t flags = MAP_FIXED_NOREPLACE;
	uint32_t prot = m->prot;

	flags |= m->flags & VMF_MS ? MAP_SHARED : m->flags & VMF_DP ?
		 DROPPABLE : MAP_PRIVATE;
	if (m->kind == MAPPING_ANON)
		flags |= MAP_ANONYMOUS | huge_flags(m->huge, MAP_HUGETLB);
	if (m->flags & VMF_GD)
		flags |= MAP_GROWSDOWN;
	if (m->flags & VMF_NR)
		flags |= MAP_NORESERVE;
	/* The kernel accounts for memory that was writable once. */
	if ((m->flags & VMF_AC && !(m->flags & VMF_MS)) || is_closed_later(m))
		prot |= PROT_WRITE;
	batch_add(b, m->huge ? "map huge pages" : "map memory", SYS_mmap, m->start, m->end - m->start,
		  prot, flags, (int64_t)source_fd(r, m), m->offset);
	if (prot != m->prot && !is_closed_later(m))
		batch_add(b, "protect memory", SYS_mprotect, m->start,
			  m->end - m->start, m->prot);
	add_huge(b, m);
}

/* Some of it is there, readable and writable. */
static int add_rest(struct puppet *p, struct batch *b,
		    const struct rec_mapping *m, struct failure *f)
{
	uint64_t start = m->start, end, flags = MAP_PRIVATE | MAP_ANONYMOUS |
		MAP_FIXED_NOREPLACE | (m->flags & VMF_NR ? MAP_NORESERVE : 0);

	for (; nest_gap(p, m, &start, &end); start = end) {
		batch_add(b, "map memory", SYS_mmap, start, end - start,
			  PROT_READ | PROT_WRITE, flags, -1);
		if (batch_make_room(b, f) < 0)
			return -1;
	}
	if (m->prot != (PROT_READ | PROT_WRITE))
		batch_add(b, "protect memory", SYS_mprotect, m->start,
			  m->end - m->start, m->prot);
	add_huge(b, m);
	return 0;
}

static int map(struct restore *r, struct puppet *p, struct failure *f)
{
	struct batch *b = puppet_queue(p, f);
	int rc = 0;

	if (!b)
		return -1;
	if (p->areas.n)
		rc = nest_trim(p, f);
	for (size_t i = 0; i < p->map_n && rc == 0; i++) {
		const struct rec_mapping *m = p->maps[i];

		if (is_attached(r, m)) {
			rc = shm_attach(r, p, m, f);
			continue;
		}
		if (nest_has(p, m))
			rc = add_rest(p, b, m, f);
		else if (m->kind != MAPPING_VDSO && m->kind != MAPPING_VVAR &&
			 m->kind != MAPPING_RING && m->kind != MAPPING_AIO)
			add_mmap(r, b, m);
		if (rc == 0)
			rc = batch_make_room(b, f);
	}
	for (size_t i = 0; i < p->map_n && rc == 0; i++)
		if (p->maps[i]->kind == MAPPING_RING)
			rc = uring_map(r, p, p->maps[i], f);
	return rc;
}

/* Advice that the kernel keeps as a flag of the mapping. */
static const struct { uint64_t flag; int advice; const char *what; } advices[] = {
	{ VMF_DC, MADV_DONTFORK, "keep memory from forks" },
	{ VMF_DD, MADV_DONTDUMP, "keep memory from core dumps" },
	{ VMF_WF, 18 /* MADV_WIPEONFORK */, "have memory wiped in forks" },
	{ VMF_MG, MADV_MERGEABLE, "have pages merged" },
	{ VMF_SR, MADV_SEQUENTIAL, "advise sequential access" },
	{ VMF_RR, MADV_RANDOM, "advise random access" },
};

/* "[anon:NAME]"; kernels without names refuse, and nothing is lost. */
static void add_name(struct batch *b, const struct rec_mapping *m)
{
	const char *colon = m->name ? strchr(m->name, ':') : NULL;
	char name[256];
	size_t n;

	if (!colon || (!starts(m->name, "[anon:") &&
		       !starts(m->name, "[anon_shmem:")))
		return;
	n = strlen(colon + 1);
	if (n < 2 || n > sizeof(name))
		return;
	memcpy(name, colon + 1, n - 1);
	name[n - 1] = '\0';
	batch_add(b, NULL, SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME,
		  m->start, m->end - m->start, batch_text(b, name));
}

static int add_guards(struct batch *b, const struct rec_mapping *m,
		      struct failure *f)
{
	for (size_t i = 0; i + 1 < m->guards.n; i += 2) {
		const uint64_t *g = list_at(&m->guards, uint64_t, i);

		if (g[0] < g[1])
			batch_add(b, "guard memory", SYS_madvise, g[0],
				  g[1] - g[0], GUARD_INSTALL);
		if (batch_make_room(b, f) < 0)
			return -1;
	}
	return 0;
}

static void add_advice(struct batch *b, const struct rec_mapping *m)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		if (m->flags & advices[i].flag)
			batch_add(b, advices[i].flag == VMF_MG ? NULL :
				  advices[i].what, SYS_madvise, m->start,
				  m->end - m->start, advices[i].advice);
	/* Guards cannot be brought in: with them it says so, and locks. */
	if (m->flags & VMF_LO)
		batch_add(b, m->guards.n ? NULL : "lock memory", SYS_mlock2,
			  m->start, m->end - m->start,
			  m->flags & VMF_LF ? 1 : 0);
	/* Nothing about it can be changed any more. */
	if (m->flags & VMF_SL)
		batch_add(b, "seal memory", SYS_MSEAL, m->start,
			  m->end - m->start, 0);
}

static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	struct batch *b = puppet_queue(p, f);
	int rc = 0;

	(void)r;
	if (!b)
		return -1;
	for (size_t i = 0; i < p->map_n && rc == 0; i++) {
		const struct rec_mapping *m = p->maps[i];

		if (m->kind == MAPPING_VDSO || m->kind == MAPPING_VVAR)
			continue;
		rc = add_guards(b, m, f);
		if (is_closed_later(m))
			batch_add(b, "protect memory", SYS_mprotect, m->start,
				  m->end - m->start, m->prot);
		add_name(b, m);
		add_advice(b, m);
		if (rc == 0)
			rc = batch_make_room(b, f);
	}
	return rc;
}

const struct kind kind_mapping = {
	.type = RECORD_MAPPING, .schema = &schema,
	.check = check, .capture = capture,
	.verify = verify, .map = map, .settle = settle,
};
