/* SPDX-License-Identifier: MIT */
/* mem-huge-shared - shared memory in huge pages: anonymous, between parent and
 * child, and memfds (MFD_HUGETLB) mapped shared, private, sealed and not at
 * all */
#include "huge.h"

#define SIZE	(3 * HUGE_PAGE)

static volatile unsigned char *shared;
static unsigned char *private;

static int memfd(const char *name)
{
	int fd = must(memfd_create(name, MFD_HUGETLB | MFD_HUGE_2MB |
				   MFD_ALLOW_SEALING));

	must(ftruncate(fd, SIZE));
	return fd;
}

static void child(void)
{
	victim_wait();
	same_fill((void *)(shared + 100), 5000, 1);
	while (shared[0] != 200)
		victim_sleep(0.001);
	shared[1] = 201;
	same_fill(private, HUGE_PAGE, 2);
}

void victim(void)
{
	unsigned char *again, *both, *alone, *sealed, byte;
	int fd, gone, closed, unmapped;
	pid_t pid;
	void *at;

	huge_room(20);
	shared = area(SIZE, PROT_READ | PROT_WRITE, SHARED_HUGE, -1, 0);
	private = area(SIZE, PROT_READ | PROT_WRITE, ANON_HUGE, -1, 0);
	fill(private, HUGE_PAGE, 2);
	fill((void *)(shared + 100), 5000, 1);
	shared[0] = shared[1] = 0;
	again = area(SIZE, PROT_NONE, ANON_HUGE | MAP_NORESERVE, -1, 0);
	fd = memfd("both");
	both = area(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fill(both, 2 * HUGE_PAGE, 3);
	at = mmap(again, HUGE_PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_FIXED, fd, HUGE_PAGE);
	check(at == again);
	at = mmap(again + HUGE_PAGE, HUGE_PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_FIXED, fd, 0);
	check(at == again + HUGE_PAGE);
	fill(again, 4096, 4);		/* a copy of all of the page */
	gone = memfd("map alone");
	alone = area(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, gone, 0);
	alone[HUGE_PAGE] = 55;
	must(close(gone));
	unmapped = memfd("not mapped");
	at = must(mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       unmapped, HUGE_PAGE));
	fill(at, HUGE_PAGE, 5);
	must(munmap(at, HUGE_PAGE));
	must(lseek(unmapped, 77, SEEK_SET));
	closed = memfd("sealed");
	at = must(mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		       closed, 0));
	fill(at, HUGE_PAGE, 6);
	must(munmap(at, HUGE_PAGE));
	must(fcntl(closed, F_ADD_SEALS,
		   F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK));
	sealed = area(HUGE_PAGE, PROT_READ, MAP_SHARED, closed, 0);
	pid = victim_child(child);
	victim_move();
	same_fill((void *)(shared + 100), 5000, 1);
	shared[0] = 200;
	same_fill(private, HUGE_PAGE, 2);
	private[7]++;
	victim_reap(pid, 0);
	same(shared[1], 201);
	same_fill(both, 2 * HUGE_PAGE, 3);
	same(both[2 * HUGE_PAGE], 0);
	same_fill(again, 4096, 4);
	check(!memcmp(again + 4096, both + HUGE_PAGE + 4096, HUGE_PAGE - 4096));
	both[9] ^= 1;
	same(pread(fd, &byte, 1, 9), 1);
	same(byte, both[9]);
	same(again[HUGE_PAGE + 9], both[9]);
	both[HUGE_PAGE + 5000] ^= 1;
	check(again[5000] != both[HUGE_PAGE + 5000]);
	same(alone[HUGE_PAGE], 55);
	same(alone[2 * HUGE_PAGE], 0);
	same(lseek(unmapped, 0, SEEK_CUR), 77);
	same(lseek(unmapped, 0, SEEK_END), SIZE);
	at = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		       unmapped, 0));
	same_fill((unsigned char *)at + HUGE_PAGE, HUGE_PAGE, 5);
	same(*(unsigned char *)at, 0);
	same_fill(sealed, HUGE_PAGE, 6);
	same(fcntl(closed, F_GET_SEALS),
	     F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
	refused(mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		     closed, 0), EPERM);
}
