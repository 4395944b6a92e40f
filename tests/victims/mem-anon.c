/* SPDX-License-Identifier: MIT */
/* mem-anon - private memory, every protection, its content and its absence */
#include "victim.h"

#define PAGE	4096
#define PAGES	40

static unsigned char *part[8];

/* Bit 0, 1, 2: read, write, execute. */
static const int prots[8] = {
	PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_EXEC,
	PROT_READ | PROT_EXEC, PROT_WRITE | PROT_EXEC,
	PROT_READ | PROT_WRITE | PROT_EXEC,
};

static void is_content(int i)
{
	static const unsigned char nothing[PAGE];

	/* Every third page was never touched. */
	for (int page = 0; page < PAGES; page++) {
		unsigned char *at = part[i] + page * PAGE;

		if (page % 3)
			same_fill(at, PAGE, i * 1000 + page);
		else
			check(memcmp(at, nothing, PAGE) == 0);
	}
}

void victim(void)
{
	char was[8][256], now[256];

	for (int i = 0; i < 8; i++) {
		part[i] = AREA_ANON(PAGES * PAGE);
		for (int page = 0; page < PAGES; page++)
			if (page % 3)
				fill(part[i] + page * PAGE, PAGE,
				     i * 1000 + page);
		must(mprotect(part[i], PAGES * PAGE, prots[i]));
		vm_flags(part[i], was[i]);
	}
	victim_move();
	for (int i = 0; i < 8; i++) {
		vm_flags(part[i], now);
		same_text(now, was[i]);
		if (!(prots[i] & PROT_READ))
			must(mprotect(part[i], PAGES * PAGE, PROT_READ));
		is_content(i);
	}
	must(mprotect(part[1], PAGES * PAGE, PROT_READ | PROT_WRITE));
	fill(part[1], PAGES * PAGE, 3);
	same_fill(part[1], PAGES * PAGE, 3);
}
