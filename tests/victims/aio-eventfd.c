/* SPDX-License-Identifier: MIT */
/* aio-eventfd - direct reads and writes of a file, of which an eventfd tells; they
 * are under way again and again while the program is stopped */
#include <sys/eventfd.h>

#include "aio.h"

#define BLOCK	4096
#define DEPTH	16

static struct iocb ones[DEPTH];
static unsigned char *blocks;

static void start(aio_context_t ctx, int file, int event, int i, int op)
{
	ones[i] = aio_request(op, file, blocks + i * BLOCK, BLOCK, i);
	ones[i].aio_offset = i * BLOCK;
	ones[i].aio_flags = IOCB_FLAG_RESFD;
	ones[i].aio_resfd = event;
	aio_submit(ctx, &ones[i]);
}

void victim(void)
{
	int event = must(eventfd(0, 0)), file;
	aio_context_t ctx = aio_open(DEPTH);
	uint64_t under_way = 0, told;
	struct io_event e;

	file = open(victim_path("file"), O_RDWR | O_CREAT | O_DIRECT, 0600);
	if (file < 0)
		victim_skip("no O_DIRECT: %s", strerror(errno));
	blocks = must(mmap(NULL, DEPTH * BLOCK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	fill(blocks, DEPTH * BLOCK, 1);
	for (int i = 0; i < DEPTH; i++)
		start(ctx, file, event, i, IOCB_CMD_PWRITE);
	under_way = DEPTH;
	victim_ready();
	while (access(victim_path("go"), F_OK) < 0 || under_way) {
		same(read(event, &told, sizeof(told)), sizeof(told));
		check(told <= under_way);
		for (uint64_t k = 0; k < told; k++) {
			e = aio_next(ctx);
			same(e.res, BLOCK);
			same(e.obj, (uint64_t)&ones[e.data]);
			under_way--;
			same_fill(blocks, DEPTH * BLOCK, 1);
			if (access(victim_path("go"), F_OK) == 0)
				continue;
			/* What it reads is what is there. */
			start(ctx, file, event, e.data, told & 1 ?
			      IOCB_CMD_PREAD : IOCB_CMD_PWRITE);
			under_way++;
		}
	}
	check(aio_is_empty(ctx));
	memset(blocks, 0, DEPTH * BLOCK);
	same(pread(file, blocks, DEPTH * BLOCK, 0), DEPTH * BLOCK);
	same_fill(blocks, DEPTH * BLOCK, 1);
}
