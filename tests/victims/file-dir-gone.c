/* SPDX-License-Identifier: MIT */
/* file-dir-gone - an open file without a name, whose directory is gone too,
 * and one in a removed directory that is open itself */
#include "victim.h"

#include <sys/stat.h>

static int deleted(const char *name)
{
	char *path = victim_file(name, "content");
	int fd = must(open(path, O_RDWR));

	must(unlink(path));
	return fd;
}

void victim(void)
{
	int fd, other, dir;
	char text[16] = "";
	struct stat st;

	must(mkdir(victim_path("a"), 0755));
	must(mkdir(victim_path("a/b"), 0755));
	must(mkdir(victim_path("c"), 0755));
	dir = must(open(victim_path("c"), O_RDONLY));
	fd = deleted("a/b/file");
	other = deleted("c/file");
	must(rmdir(victim_path("a/b")));
	must(rmdir(victim_path("a")));
	must(rmdir(victim_path("c")));
	must(lseek(fd, 3, SEEK_SET));
	victim_move();
	same(read(fd, text, 16), 4);
	same_text(text, "tent");
	same(pread(other, text, 16, 0), 7);
	must(fstat(fd, &st));
	same(st.st_nlink, 0);
	must(fstat(dir, &st));
	same(st.st_nlink, 0);
	refused(access(victim_path("a"), F_OK), ENOENT);
	refused(access(victim_path("c"), F_OK), ENOENT);
}
