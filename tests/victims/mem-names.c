/* SPDX-License-Identifier: MIT */
/* mem-names - names that PR_SET_VMA gave to memory, own and shared */
#include "victim.h"

#include <linux/prctl.h>
#include <sys/prctl.h>

#define SIZE	65536

static bool has_name(const void *at, const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512], start[32];
	bool found = false;

	snprintf(start, sizeof(start), "%lx-", (unsigned long)at);
	while (fgets(line, sizeof(line), maps))
		if (!strncmp(line, start, strlen(start)))
			found = strstr(line, name);
	fclose(maps);
	return found;
}

static void set(const void *at, const char *name)
{
	if (prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, SIZE, name) < 0)
		victim_skip("this kernel gives memory no names: %s",
			    strerror(errno));
}

void victim(void)
{
	unsigned char *own = AREA_ANON(SIZE), *shared = AREA_SHARED(SIZE);

	fill(own, SIZE, 1);
	fill(shared, SIZE, 2);
	set(own, "a name");
	set(shared, "another");
	check(has_name(own, "[anon:a name]"));
	victim_move();
	same_fill(own, SIZE, 1);
	same_fill(shared, SIZE, 2);
	check(has_name(own, "[anon:a name]"));
	check(has_name(shared, "[anon_shmem:another]"));
}
