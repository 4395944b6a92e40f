/* SPDX-License-Identifier: MIT */
/* file-sparse-deleted - six gigabytes without a name, of which some bytes are
 * there: the holes stay holes */
#include "victim.h"

#include <sys/stat.h>

#define GIB	(1ll << 30)

void victim(void)
{
	char *path = victim_file("huge", "begin");
	int fd = must(open(path, O_RDWR));
	char text[8] = "";
	struct stat st;

	must(unlink(path));
	if (ftruncate(fd, 6 * GIB) < 0)
		victim_skip("no files of 6 GiB: %s", strerror(errno));
	same(pwrite(fd, "middle", 6, 5 * GIB - 3), 6);
	same(pwrite(fd, "end", 3, 6 * GIB - 3), 3);
	must(lseek(fd, 5 * GIB, SEEK_SET));
	victim_move();
	same(lseek(fd, 0, SEEK_CUR), 5 * GIB);
	same(read(fd, text, 3), 3);
	same_text(text, "dle");
	must(fstat(fd, &st));
	same(st.st_size, 6 * GIB);
	check(st.st_blocks < 1000);
	same(lseek(fd, 0, SEEK_DATA), 0);
	check(lseek(fd, 4096, SEEK_HOLE) <= 65536);
	check(lseek(fd, GIB, SEEK_DATA) >= 4 * GIB);
	check(lseek(fd, 5 * GIB + 65536, SEEK_DATA) > 5 * GIB + 65536);
	same(pread(fd, text, 3, 6 * GIB - 3), 3);
	same_text(text, "end");
	same(pread(fd, text, 5, 0), 5);
	same_text(text, "begin");
}
