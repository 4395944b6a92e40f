/* SPDX-License-Identifier: MIT */
/* file-offset - files open for reading, writing and both stay where they are */
#include "victim.h"

void victim(void)
{
	char *path = victim_file("file", "0123456789"), text[20] = "";
	int r = must(open(path, O_RDONLY)), rw = must(open(path, O_RDWR));
	int w = must(open(path, O_WRONLY));

	must(lseek(r, 3, SEEK_SET));
	must(lseek(rw, 5, SEEK_SET));
	must(lseek(w, 1 << 30, SEEK_SET));
	victim_move();
	same(read(r, text, 2), 2);
	same_text(text, "34");
	same(write(rw, "five", 4), 4);
	same(lseek(rw, 0, SEEK_CUR), 9);
	same(lseek(w, 0, SEEK_CUR), 1 << 30);
	same(pread(r, text, sizeof(text), 0), 10);
	same_text(text, "01234five9");
	refused(write(r, "x", 1), EBADF);
	refused(read(w, text, 1), EBADF);
	same(lseek(r, 0, SEEK_CUR), 5);
}
