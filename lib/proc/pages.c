/* SPDX-License-Identifier: MIT */
/*
 * pages.c - /proc/PID/pagemap: which pages hold something of their own
 *
 * PAGEMAP_SCAN (Linux 6.7) walks the page tables and hands back ranges.  Before
 * it, every page's entry has to be read: 2 MiB of them for each GiB, and they
 * do not tell the zero page, which is then taken for content: more is moved,
 * nothing is lost.
 *
 * What the kernel calls FILE is any page that is not anonymous: of a file, and of
 * shared memory, which is a file to it.  A page of shared memory that is
 * swapped out is not in the page table, so it is in neither set.  A guard
 * (MADV_GUARD_INSTALL) is a kind of swap entry, and is left out by its own
 * category or bit, which both came with 6.15; the mark of a write-protected
 * page that was never touched (userfaultfd, WP_UNPOPULATED) is one too and
 * cannot be told from a swapped page.  Special mappings of bare page frames,
 * [vvar] or a device's, have no FILE: the caller knows them by VMF_PF and does
 * not ask.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proc/fallback.h"
#include "proc/proc.h"

/* From linux/fs.h of 6.7 and later. */
#define SCAN_WRITTEN	(1 << 1)
#define SCAN_FILE	(1 << 2)
#define SCAN_PRESENT	(1 << 3)
#define SCAN_SWAPPED	(1 << 4)
#define SCAN_PFNZERO	(1 << 5)
#define SCAN_GUARD	(1 << 8)	/* 6.15 */

#define SCAN_PROTECT	(1 << 0)	/* flags: what matches, from now on */
#define SCAN_CHECK	(1 << 1)	/* EPERM where writes are not watched */

struct scan_region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask;
	uint64_t return_mask;
};
#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)

/* Of an entry of pagemap */
#define ENTRY_PRESENT	(1ull << 63)
#define ENTRY_SWAPPED	(1ull << 62)
#define ENTRY_FILE	(1ull << 61)
#define ENTRY_GUARD	(1ull << 58)	/* 6.15, zero before */

#define PAGE 4096ull
#define REGIONS 1024
#define ENTRIES 8192

/* Joined to the last range if that is one of this call's, which begin at
 * @first, and ends where this one starts. */
static void add_range(struct list *ranges, size_t first, uint64_t start,
		      uint64_t end)
{
	struct page_range *r;

	if (ranges->n > first) {
		r = list_at(ranges, struct page_range, ranges->n - 1);
		if (r->end == start) {
			r->end = end;
			return;
		}
	}
	r = list_add(ranges, sizeof(*r));
	*r = (struct page_range){ start, end };
}

static bool wanted(uint64_t entry, enum page_want want)
{
	if (entry & ENTRY_GUARD || !(entry & (ENTRY_PRESENT | ENTRY_SWAPPED)))
		return false;
	return want != PAGES_PRIVATE || !(entry & ENTRY_FILE);
}

int pages_by_reading(int pagemap, uint64_t start, uint64_t end,
		     enum page_want want, struct list *ranges)
{
	uint64_t entry[ENTRIES];
	size_t first = ranges->n;

	while (start < end) {
		size_t n = (end - start + PAGE - 1) / PAGE;
		ssize_t got;

		if (n > ENTRIES)
			n = ENTRIES;
		got = pread(pagemap, entry, 8 * n, start / PAGE * 8);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got < 8)	/* above all user memory, or the process died */
			return 0;
		for (size_t i = 0; i < (size_t)got / 8; i++, start += PAGE)
			if (wanted(entry[i], want))
				add_range(ranges, first, start, start + PAGE);
	}
	return 0;
}

/*
 * 0 if it went to the end; else -1, and @a->start is how far it came.
 *
 * walk_end is not to be trusted (6.18): the kernel works in portions of 512
 * ranges and sets it where a portion was full, but not at the end if it is set
 * by then.  But unless it fills the vector it has come to the end, and if it
 * does, it has come to the last range's end at least.
 */
static int scan(int pagemap, struct scan_arg *a, struct list *ranges,
		size_t first)
{
	struct scan_region region[REGIONS];
	int n;

	a->vec = (uintptr_t)region;
	a->vec_len = REGIONS;
	do {
		n = ioctl(pagemap, SCAN_IOCTL, a);
		if (n < 0)
			return -1;
		for (int i = 0; i < n; i++)
			add_range(ranges, first, region[i].start,
				  region[i].end);
		if (n)
			a->start = region[n - 1].end;
	} while (n == REGIONS && a->start < a->end);
	return 0;
}

/* To tell FILE the kernel has to look into each page's own struct, scattered in
 * memory: without it the scan takes a third of the time. */
static uint64_t unwanted(enum page_want want)
{
	switch (want) {
	case PAGES_PRIVATE:
		return SCAN_FILE | SCAN_PFNZERO;
	case PAGES_ANON:
		return SCAN_PFNZERO;
	case PAGES_PRESENT:
	case PAGES_GUARD:
		break;
	}
	return 0;
}

static int guards(int pagemap, uint64_t start, uint64_t end,
		  struct list *ranges)
{
	struct scan_arg a = {
		.size = sizeof(a), .start = start, .end = end,
		.category_mask = SCAN_GUARD,
	};

	if (scan(pagemap, &a, ranges, ranges->n) == 0)
		return 0;
	return errno == EINVAL || errno == ENOTTY ? 0 : -1;
}

int proc_pages(int pagemap, uint64_t start, uint64_t end, enum page_want want,
	       struct list *ranges)
{
	uint64_t without = unwanted(want);
	size_t first = ranges->n;
	struct scan_arg a = {
		.size = sizeof(a), .start = start, .end = end,
		.category_inverted = without | SCAN_GUARD,
		.category_mask = without | SCAN_GUARD,
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
	};

	if (want == PAGES_GUARD)
		return guards(pagemap, start, end, ranges);
	if (scan(pagemap, &a, ranges, first) == 0)
		return 0;
	if (errno == EINVAL && a.start == start) {
		a.category_inverted = a.category_mask = without;
		if (scan(pagemap, &a, ranges, first) == 0)
			return 0;
	}
	/* EFAULT: the addresses are the kernel's, as [vsyscall]'s; to the
	 * reader this is the end of the file. */
	if (errno != ENOTTY && errno != EINVAL && errno != EFAULT)
		return -1;
	ranges->n = first;
	return pages_by_reading(pagemap, start, end, want, ranges);
}

/*
 * Both only where the mapping's writes are watched: by a userfaultfd that has
 * UFFD_FEATURE_WP_ASYNC.  A page that was never protected since has been written,
 * and so has one that is not there (any more).
 */
int proc_pages_written(int pagemap, uint64_t start, uint64_t end, bool again,
		       struct list *ranges)
{
	struct scan_arg a = {
		.size = sizeof(a), .start = start, .end = end,
		.flags = SCAN_CHECK | (again ? SCAN_PROTECT : 0),
		.category_mask = SCAN_WRITTEN,
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
	};

	return scan(pagemap, &a, ranges, ranges->n);
}

int proc_pages_gone(int pagemap, uint64_t start, uint64_t end,
		    struct list *ranges)
{
	struct scan_arg a = {
		.size = sizeof(a), .start = start, .end = end,
		.flags = SCAN_CHECK,
		.category_inverted = SCAN_PRESENT | SCAN_SWAPPED,
		.category_mask = SCAN_WRITTEN | SCAN_PRESENT | SCAN_SWAPPED,
	};

	return scan(pagemap, &a, ranges, ranges->n);
}
