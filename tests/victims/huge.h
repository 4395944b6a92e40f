/* SPDX-License-Identifier: MIT */
/*
 * huge.h - what victims with memory in huge pages have in common
 *
 * tests/matrix lets the kernel make such pages on demand, which takes root.
 * area() gives addresses that are multiples of HUGE_PAGE as long as all sizes
 * are.
 */
#include "victim.h"

#define HUGE_PAGE	(2ul << 20)

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB	(21u << 26)
#endif
#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB	(21 << 26)
#endif

#define ANON_HUGE	(MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB)
#define SHARED_HUGE	(MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB)

/* Twice @pages: the source has its own while the restore makes others. */
static inline void huge_room(size_t pages)
{
	size_t size = 2 * pages * HUGE_PAGE;
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, ANON_HUGE, -1, 0);

	if (at == MAP_FAILED)
		victim_skip("no %zu huge pages: %s", 2 * pages,
			    strerror(errno));
	must(munmap(at, size));
}

/* Is the page there? */
static inline bool huge_present(const void *at)
{
	uint64_t entry = 0;
	int fd = must(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));

	same(pread(fd, &entry, 8, (uintptr_t)at / 4096 * 8), 8);
	must(close(fd));
	return entry >> 63;
}
