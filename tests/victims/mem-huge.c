/* SPDX-License-Identifier: MIT */
/* mem-huge - private memory in huge pages (MAP_HUGETLB): written, read alone,
 * untouched, protected, not reserved, advised, with holes */
#include "huge.h"

#define SIZE	(4 * HUGE_PAGE)

void victim(void)
{
	unsigned char *plain, *parts, *lazy, *hole;
	char was[256], now[256];
	volatile unsigned char sink;

	huge_room(16);
	plain = area(SIZE, PROT_READ | PROT_WRITE, ANON_HUGE, -1, 0);
	parts = area(SIZE, PROT_READ | PROT_WRITE, ANON_HUGE, -1, 0);
	lazy = area(SIZE, PROT_READ | PROT_WRITE, ANON_HUGE | MAP_NORESERVE,
		    -1, 0);
	hole = area(SIZE, PROT_READ | PROT_WRITE, ANON_HUGE, -1, 0);
	fill(plain, HUGE_PAGE, 1);
	fill(plain + HUGE_PAGE + 12345, 5000, 2);
	sink = plain[2 * HUGE_PAGE];
	/* Content behind every protection. */
	fill(parts, SIZE, 3);
	must(mprotect(parts, HUGE_PAGE, PROT_NONE));
	must(mprotect(parts + HUGE_PAGE, HUGE_PAGE, PROT_READ));
	must(mprotect(parts + 2 * HUGE_PAGE, HUGE_PAGE, PROT_READ | PROT_EXEC));
	must(madvise(parts + 3 * HUGE_PAGE, HUGE_PAGE, MADV_DONTFORK));
	must(madvise(parts + 3 * HUGE_PAGE, HUGE_PAGE, MADV_DONTDUMP));
	fill(lazy + HUGE_PAGE, 4096, 4);
	sink = lazy[2 * HUGE_PAGE];
	(void)sink;
	fill(hole, SIZE, 5);
	must(munmap(hole + HUGE_PAGE, HUGE_PAGE));
	must(madvise(hole + 2 * HUGE_PAGE, HUGE_PAGE, MADV_DONTNEED));
	vm_flags(parts + 3 * HUGE_PAGE, was);
	victim_move();
	same_fill(plain, HUGE_PAGE, 1);
	same_fill(plain + HUGE_PAGE + 12345, 5000, 2);
	same(plain[HUGE_PAGE + 12344], 0);
	check(huge_present(plain + 2 * HUGE_PAGE));
	check(!huge_present(plain + 3 * HUGE_PAGE));
	fill(plain + 3 * HUGE_PAGE, HUGE_PAGE, 6);
	same_fill(plain + 3 * HUGE_PAGE, HUGE_PAGE, 6);
	check(strstr(field("/proc/self/status", "HugetlbPages"), "kB"));
	vm_flags(parts + 3 * HUGE_PAGE, now);
	same_text(now, was);
	check(strstr(now, "ht"));
	refused(access((char *)parts, F_OK), EFAULT);
	must(mprotect(parts, HUGE_PAGE, PROT_READ));
	same_fill(parts, SIZE, 3);
	refused(pread(must(open("/dev/zero", O_RDONLY)), parts + HUGE_PAGE, 1, 0),
		EFAULT);
	vm_flags(lazy, now);
	check(strstr(now, "nr"));
	same_fill(lazy + HUGE_PAGE, 4096, 4);
	check(!huge_present(lazy));
	check(huge_present(lazy + 2 * HUGE_PAGE));
	same_fill(hole, HUGE_PAGE, 5);
	refused(madvise(hole + HUGE_PAGE, HUGE_PAGE, MADV_DONTNEED), ENOMEM);
	same(hole[2 * HUGE_PAGE], 0);
	same(hole[3 * HUGE_PAGE - 1], 0);
}
