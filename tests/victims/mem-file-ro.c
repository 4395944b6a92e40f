/* SPDX-License-Identifier: MIT */
/* mem-file-ro - files mapped read-only: shared, private, with an offset, an
 * end within the last page, and pages behind the end that fault */
#include "victim.h"

#include <setjmp.h>

#define PAGE	4096
#define SIZE	(5 * PAGE + 100)

static sigjmp_buf back;

static void handler(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void no_write(volatile unsigned char *at)
{
	if (sigsetjmp(back, 1) == 0) {
		*at = 1;
		victim_fail("%p can be written", (void *)at);
	}
}

void victim(void)
{
	static unsigned char text[SIZE];
	unsigned char *shared, *private, *offset;
	int fd = must(open(victim_file("file", ""), O_RDWR));

	fill(text, SIZE, 1);
	same(write(fd, text, SIZE), SIZE);
	close(fd);
	fd = must(open(victim_path("file"), O_RDONLY));
	shared = area(SIZE, PROT_READ, MAP_SHARED, fd, 0);
	private = area(SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	offset = area(4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 4 * PAGE);
	close(fd);
	signal(SIGSEGV, handler);
	signal(SIGBUS, handler);
	victim_move();
	check(!memcmp(shared, text, SIZE));
	check(!memcmp(private, text, SIZE));
	check(!memcmp(offset, text + 4 * PAGE, PAGE + 100));
	same(offset[PAGE + 100], 0);
	no_write(shared);
	no_write(private);
	if (sigsetjmp(back, 1) == 0)
		victim_fail("there is a byte %d behind the end of the file",
			    *(volatile unsigned char *)(offset + 3 * PAGE));
	/* Opened for reading only: it cannot be made writable. */
	refused(mprotect(shared, PAGE, PROT_READ | PROT_WRITE), EACCES);
	must(mprotect(private, PAGE, PROT_READ | PROT_WRITE));
	private[0] = 1;
}
