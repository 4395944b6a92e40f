/* SPDX-License-Identifier: MIT */
/*
 * huge.c - memory in huge pages of hugetlbfs: MAP_HUGETLB, MFD_HUGETLB,
 * SHM_HUGETLB and files of such a file system
 *
 * All of it is files to the kernel, also what a program never sees a file of.
 * What differs from ordinary memory: addresses and sizes are multiples of a
 * page size that is a mapping's own, files cannot be written to but through a
 * mapping, and pages come out of a pool.  A mapping reserves its pages there
 * when it is made, unless MAP_NORESERVE says not to, so the restore can tell
 * beforehand whether there are enough.
 */
#include "image/huge.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/io.h"
#include "image/capture.h"
#include "image/restore.h"
#include "image/sysv.h"

#define HUGE_MAX	(1ull << 34)	/* bytes of one page: 16 GiB on some */
#define POOLS		"/sys/kernel/mm/hugepages"

uint64_t huge_of_fd(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC ?
		fs.f_bsize : 0;
}

/* ---- capture ---- */

static bool has_no_file(const struct proc_map *m)
{
	return m->flags & VMF_HT && m->deleted &&
	       !strcmp(m->path, "/anon_hugepage");
}

bool huge_is_anonymous(const struct proc_map *m)
{
	return has_no_file(m) && !(m->flags & VMF_MS);
}

bool huge_is_shared(const struct proc_map *m)
{
	return has_no_file(m) && m->flags & VMF_MS;
}

int huge_capture(const struct source *s, const struct proc_map *m,
		 struct rec_mapping *rec, struct failure *f)
{
	struct list ranges = { 0 };
	int rc = 0;

	if (!(m->flags & VMF_HT))
		return 0;
	rec->huge = m->page;
	if (!(m->flags & VMF_MS))
		rc = proc_pages(s->pagemap, m->start, m->end, PAGES_PRIVATE,
				&ranges);
	if (rc < 0)
		fail_errno(f, 0, "cannot read the page map of process %d",
			   s->pid);
	list_each(&ranges, struct page_range, range)
		rec->present += range->end - range->start;
	list_free(&ranges);
	return rc;
}

/* ---- restore: is it sound? ---- */

static bool size_sound(uint64_t page)
{
	return page > STREAM_PAGE && page <= HUGE_MAX && !(page & (page - 1));
}

bool huge_sound(const struct restore *r, const struct rec_mapping *m)
{
	const struct rec_object *o = m->kind == MAPPING_OBJECT ?
		image_find(&r->image, RECORD_OBJECT, m->source) : NULL;

	if (o && o->huge != m->huge)
		return false;
	if (!m->huge)
		return !(m->flags & VMF_HT) && !m->present;
	return m->flags & VMF_HT && size_sound(m->huge) &&
	       !((m->start | m->end | m->offset) & (m->huge - 1)) &&
	       m->kind <= MAPPING_OBJECT && !m->guards.n &&
	       !(m->flags & (VMF_GD | VMF_DP)) &&
	       m->present <= m->end - m->start && !(m->present % m->huge);
}

bool huge_object_sound(const struct rec_object *o)
{
	if (!o->huge)
		return !o->present;
	return size_sound(o->huge) && o->kind != OBJECT_DIRECTORY &&
	       (o->kind == OBJECT_SYSV || !(o->size & (o->huge - 1))) &&
	       !(o->present & (o->huge - 1)) && o->present <= huge_end(o);
}

/* ---- restore: are there enough pages? ---- */

struct need {
	uint64_t page, bytes;
};

static void add_need(struct list *needs, uint64_t page, uint64_t bytes)
{
	struct need *n;

	list_each(needs, struct need, known)
		if (known->page == page) {
			known->bytes += bytes;
			return;
		}
	n = list_add(needs, sizeof(*n));
	*n = (struct need){ page, bytes };
}

static int by_start(const void *a, const void *b)
{
	const struct page_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Bytes of the object that mappings reserve, each once.  One of System V is
 * reserved as it is attached, at the latest. */
static uint64_t reserved(const struct restore *r, uint64_t id,
			 const struct rec_object *o)
{
	struct list ranges = { 0 };
	uint64_t bytes = 0, done = 0;

	if (o->kind == OBJECT_SYSV)
		return huge_end(o);
	image_each(&r->image, RECORD_MAPPING, struct rec_mapping, m)
		if (m->kind == MAPPING_OBJECT && m->source == id &&
		    m->flags & VMF_MS && !(m->flags & VMF_NR))
			*(struct page_range *)list_add(&ranges,
						sizeof(struct page_range)) =
				(struct page_range){ m->offset, m->offset +
						     (m->end - m->start) };
	list_sort(&ranges, sizeof(struct page_range), by_start);
	list_each(&ranges, const struct page_range, range) {
		uint64_t start = range->start > done ? range->start : done;

		if (range->end <= start)
			continue;
		bytes += range->end - start;
		done = range->end;
	}
	list_free(&ranges);
	return bytes;
}

static void gather(const struct restore *r, struct list *needs)
{
	image_each(&r->image, RECORD_MAPPING, struct rec_mapping, m)
		if (m->huge && !(m->flags & VMF_MS))
			add_need(needs, m->huge, m->flags & VMF_NR ?
				 m->present : m->end - m->start);
	image_each(&r->image, RECORD_OBJECT, struct rec_object, o) {
		uint64_t bytes;

		if (!o->huge || shm_is_here(r, o_r->id))
			continue;
		bytes = reserved(r, o_r->id, o);
		add_need(needs, o->huge, bytes > o->present ? bytes :
			 o->present);
	}
}

/* A number of the pool of pages of this size; -1 there is none. */
static int64_t pool_number(uint64_t page, const char *name)
{
	char path[128], *text;
	int64_t n = -1;

	snprintf(path, sizeof(path), POOLS "/hugepages-%llukB/%s",
		 (unsigned long long)page >> 10, name);
	text = read_file(path, NULL);
	if (text)
		n = strtoll(text, NULL, 10);
	free(text);
	return n;
}

static bool is_default_size(uint64_t page)
{
	char *text = read_file("/proc/meminfo", NULL), *at;
	bool is;

	at = text ? strstr(text, "\nHugepagesize:") : NULL;
	is = at && strtoull(at + 14, NULL, 10) == page >> 10;
	free(text);
	return is;
}

static void check_pool(struct restore *r, const struct need *n)
{
	long long unused = pool_number(n->page, "free_hugepages");
	long long all = pool_number(n->page, "nr_hugepages");
	long long more = pool_number(n->page, "nr_overcommit_hugepages") -
		       pool_number(n->page, "surplus_hugepages");
	long long lack = n->bytes / n->page;
	unsigned long long kib = n->page >> 10;

	if (unused < 0) {
		differs_add(r, "the program has huge pages of %llu KiB, which "
			    "this machine does not have", kib);
		return;
	}
	lack -= unused - pool_number(n->page, "resv_hugepages");
	lack -= more > 0 ? more : 0;
	if (lack <= 0)
		return;
	if (is_default_size(n->page))
		differs_add(r, "there are too few huge pages of %llu KiB here, "
			    "by %lld: sysctl vm.nr_hugepages=%lld", kib,
			    lack, all + lack);
	else
		differs_add(r, "there are too few huge pages of %llu KiB here, "
			    "by %lld: write %lld to " POOLS
			    "/hugepages-%llukB/nr_hugepages", kib,
			    lack, all + lack, kib);
}

/* A named file is opened as it is here. */
static void check_file(struct restore *r, const struct rec_mapping *m)
{
	const struct rec_file *file = m->kind == MAPPING_FILE ?
		image_find(&r->image, RECORD_FILE, m->source) : NULL;
	struct statfs fs;
	uint64_t page;

	if (!file || file->kind == FILE_OBJECT || statfs(file->path, &fs) < 0)
		return;		/* file.c tells */
	page = fs.f_type == HUGETLBFS_MAGIC ? fs.f_bsize : 0;
	if (page != m->huge)
		differs_add(r, "%s is not on a file system of huge pages of "
			    "%llu KiB here: mount one there (mount -t hugetlbfs "
			    "-o pagesize=%lluK)", file->path,
			    (unsigned long long)m->huge >> 10,
			    (unsigned long long)m->huge >> 10);
}

void huge_check(struct restore *r)
{
	struct list needs = { 0 };

	gather(r, &needs);
	list_each(&needs, const struct need, n)
		if (n->bytes)
			check_pool(r, n);
	list_free(&needs);
	image_each(&r->image, RECORD_MAPPING, struct rec_mapping, m)
		if (m->huge)
			check_file(r, m);
}

/* ---- restore ---- */

uint32_t huge_flags(uint64_t page, uint32_t flag)
{
	return page ? flag | (uint32_t)__builtin_ctzll(page) << MAP_HUGE_SHIFT :
		0;
}

uint64_t huge_end(const struct rec_object *o)
{
	uint64_t page = o->huge ? o->huge : STREAM_PAGE;

	return (o->size + page - 1) & ~(page - 1);
}

int huge_missing(uint64_t page, struct failure *f)
{
	return fail(f, STATUS_SYSTEM, "there are too few huge pages of %llu KiB "
		    "here: somebody took some while the program was coming",
		    (unsigned long long)page >> 10);
}

/* Into one page.  Without it there would be a SIGBUS; fallocate(2) fails. */
static int write_page(int fd, uint64_t page, const void *data, size_t len,
		      uint64_t offset)
{
	uint64_t base = offset & ~(page - 1);
	uint8_t *at;

	if (fallocate(fd, 0, base, page) < 0)
		return -1;
	at = mmap(NULL, page, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_NORESERVE, fd, base);
	if (at == MAP_FAILED)
		return -1;
	memcpy(at + (offset - base), data, len);
	munmap(at, page);
	return 0;
}

int huge_fill(const struct rec_object *o, int fd, const void *data, size_t len,
	      uint64_t offset, struct failure *f)
{
	const uint8_t *from = data;

	while (len) {
		size_t left = o->huge - (offset & (o->huge - 1));
		size_t n = left < len ? left : len;

		if (write_page(fd, o->huge, from, n, offset) < 0)
			return errno == ENOSPC || errno == ENOMEM ?
				huge_missing(o->huge, f) :
				fail_errno(f, 0, "cannot fill %s", o->name);
		from += n;
		offset += n;
		len -= n;
	}
	return 0;
}
