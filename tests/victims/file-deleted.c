/* SPDX-License-Identifier: MIT */
/* file-deleted - open files without a name keep content, mode and offset
 *
 * One is opened twice (one file, two offsets), one is O_TMPFILE, one is as
 * good as empty but a gigabyte long.
 */
#include "victim.h"

#include <sys/stat.h>

#define GIB	(1l << 30)

static int deleted(const char *name, const char *text, int *again)
{
	char *path = victim_file(name, text);
	int fd = must(open(path, O_RDWR));

	if (again)
		*again = must(open(path, O_RDONLY));
	must(fchmod(fd, 0640));
	must(unlink(path));
	return fd;
}

void victim(void)
{
	int again, twice = deleted("twice", "0123456789", &again);
	int hole = deleted("hole", "", NULL);
	int temporary = open(victim_path(""), O_TMPFILE | O_RDWR, 0600);
	int child_has = deleted("child", "abc", NULL);
	char text[20] = "";
	struct stat st;

	must(lseek(twice, 4, SEEK_SET));
	must(lseek(again, 7, SEEK_SET));
	must(ftruncate(hole, GIB));
	same(pwrite(hole, "end", 3, GIB - 3), 3);
	if (temporary >= 0)
		same(write(temporary, "temporary", 9), 9);
	victim_move();
	same(read(twice, text, 2), 2);
	same_text(text, "45");
	same(read(again, text, 2), 2);
	same_text(text, "78");
	same(pwrite(twice, "X", 1, 9), 1);
	same(read(again, text, 2), 1);
	same(text[0], 'X');
	must(fstat(twice, &st));
	same(st.st_size, 10);
	same(st.st_mode & 07777, 0640);
	same(st.st_nlink, 0);
	must(fstat(hole, &st));
	same(st.st_size, GIB);
	check(st.st_blocks < 1000);
	memset(text, 0, sizeof(text));
	same(pread(hole, text, 3, GIB - 3), 3);
	same_text(text, "end");
	if (temporary >= 0) {
		same(pread(temporary, text, sizeof(text), 0), 9);
		same(memcmp(text, "temporary", 9), 0);
	}
	same(pread(child_has, text, 3, 0), 3);
}
