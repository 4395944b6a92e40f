/* SPDX-License-Identifier: MIT */
/* mem-free - memory given up with MADV_FREE is as it was, or empty
 *
 * A page that was written to after that is wanted again: it stays.
 */
#include "victim.h"

#define PAGE	4096
#define PAGES	512

static unsigned char *block;

/* As it was, or zeros; and whichever it is, writing makes it an ordinary page. */
static void given_up(int i)
{
	static const unsigned char empty[PAGE];
	unsigned char *page = block + i * PAGE;

	if (memcmp(page, empty, PAGE))
		same_fill(page, PAGE, i + 1);
	fill(page, PAGE, i + 2);
	same_fill(page, PAGE, i + 2);
}

void victim(void)
{
	block = AREA_ANON(PAGES * PAGE);
	must(madvise(block, PAGES * PAGE, MADV_NOHUGEPAGE));
	for (int i = 0; i < PAGES; i++)
		fill(block + i * PAGE, PAGE, i + 1);
	must(madvise(block, PAGES * PAGE, MADV_FREE));
	for (int i = 0; i < PAGES; i += 3)
		fill(block + i * PAGE, PAGE, 7 * i + 1);
	victim_move();
	for (int i = 0; i < PAGES; i++) {
		if (i % 3)
			given_up(i);
		else
			same_fill(block + i * PAGE, PAGE, 7 * i + 1);
	}
}
