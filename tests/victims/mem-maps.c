/* SPDX-License-Identifier: MIT */
/* mem-maps - /proc/self/maps is what it was
 *
 * Addresses, protection, sharing, offset and file of every mapping; parts
 * that continue one another count as one, since the kernel may join them.
 * The kernel's own pages (vvar, vdso) are mem-vdso's business.
 */
/* ways: -rootfs because what is carried is mapped from the cache */
/* ways: -as because it takes CAP_CHECKPOINT_RESTORE to make shared memory that is no memfd */
#include "victim.h"

#define LINES	400

struct map {
	unsigned long start, end, offset;
	char prot[8];
	char path[200];
};

struct maps {
	int count;
	struct map map[LINES];
};

static char text[1 << 20];

static void add(struct maps *maps, const struct map *map)
{
	struct map *last = &maps->map[maps->count - 1];

	if (!strncmp(map->path, "[v", 2))
		return;
	if (maps->count && last->end == map->start &&
	    !strcmp(last->prot, map->prot) && !strcmp(last->path, map->path) &&
	    (map->path[0] != '/' ||
	     last->offset + last->end - last->start == map->offset)) {
		last->end = map->end;
		return;
	}
	if (maps->count == LINES)
		victim_fail("more than %d mappings", LINES);
	maps->map[maps->count++] = *map;
}

static void read_maps(struct maps *maps)
{
	int fd = must(open("/proc/self/maps", O_RDONLY));
	size_t have = 0;
	ssize_t n;
	char *line;

	while ((n = must(read(fd, text + have, sizeof(text) - 1 - have))))
		have += n;
	close(fd);
	text[have] = 0;
	for (line = text; *line; line = strchr(line, '\n') + 1) {
		struct map map = { 0 };

		check(sscanf(line, "%lx-%lx %7s %lx %*s %*u%*[ ]%199[^\n]",
			     &map.start, &map.end, map.prot, &map.offset,
			     map.path) >= 4);
		add(maps, &map);
	}
}

/* So that the stack does not grow between the two looks. */
__attribute__((noinline)) static void grow_stack(void)
{
	volatile char room[256 * 1024];

	for (size_t i = 0; i < sizeof(room); i += 4096)
		room[i] = 1;
}

void victim(void)
{
	static struct maps was, now;
	int fd = must(open(victim_file("file", "some"), O_RDWR));

	AREA_ANON(65536);
	AREA_SHARED(65536);
	must(ftruncate(fd, 65536));
	area(8192, PROT_READ, MAP_PRIVATE, fd, 4096);
	area(8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 8192);
	must(mprotect((char *)AREA_ANON(16384) + 4096, 4096, PROT_NONE));
	grow_stack();
	read_maps(&was);
	victim_move();
	read_maps(&now);
	for (int i = 0; i < was.count && i < now.count; i++) {
		struct map *a = &was.map[i], *b = &now.map[i];

		if (a->start != b->start || a->end != b->end ||
		    (a->path[0] == '/' && a->offset != b->offset) ||
		    strcmp(a->prot, b->prot) || strcmp(a->path, b->path))
			victim_fail("%lx-%lx %s %lx %s was %lx-%lx %s %lx %s",
				    b->start, b->end, b->prot, b->offset,
				    b->path, a->start, a->end, a->prot,
				    a->offset, a->path);
	}
	same(now.count, was.count);
}
