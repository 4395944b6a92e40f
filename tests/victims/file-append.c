/* SPDX-License-Identifier: MIT */
/* file-append - O_APPEND writes go to the end, wherever others put it */
#include "victim.h"

void victim(void)
{
	char *path = victim_file("file", "head "), text[100] = "";
	int a = must(open(path, O_WRONLY | O_APPEND));
	int b = must(open(path, O_RDWR | O_APPEND));

	same(write(a, "one ", 4), 4);
	victim_move();
	same(write(b, "two ", 4), 4);
	same(write(a, "three", 5), 5);
	same(pread(b, text, sizeof(text), 0), 18);
	same_text(text, "head one two three");
}
