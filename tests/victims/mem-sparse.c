/* SPDX-License-Identifier: MIT */
/* mem-sparse - 64 GiB of addresses with a page here and there
 *
 * What was never touched is nothing after the move, in memory as in content.
 */
#include "victim.h"

#define GIB	(1ul << 30)
#define TOUCHED	64
#define LIMIT_KB	20000

static long resident_kb(void)
{
	return atol(field("/proc/self/status", "VmRSS"));
}

void victim(void)
{
	unsigned char *block = area(TOUCHED * GIB, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS |
				    MAP_NORESERVE, -1, 0);
	char was[256], now[256];

	for (unsigned long i = 0; i < TOUCHED; i++)
		fill(block + i * GIB + i * 8192, 4096, i);
	vm_flags(block, was);
	victim_move();
	if (resident_kb() > LIMIT_KB)
		victim_fail("%ld KiB are resident", resident_kb());
	vm_flags(block, now);
	same_text(now, was);
	for (unsigned long i = 0; i < TOUCHED; i++) {
		same_fill(block + i * GIB + i * 8192, 4096, i);
		same(block[i * GIB + i * 8192 + 4096], 0);
		same(block[i * GIB + GIB - 1], 0);
	}
}
