/* SPDX-License-Identifier: MIT */
/* file-path - O_PATH descriptors, and names with blanks and newlines, and a
 * file renamed since it was opened */
#include "victim.h"

void victim(void)
{
	char *old = victim_file("old", "renamed"), *new = victim_path("new (deleted)");
	int renamed = must(open(old, O_RDONLY));
	int odd = must(open(victim_file(" a\nb\\n \xff", "odd"), O_RDONLY));
	int path = must(open(victim_file("path", "path"), O_PATH));
	char text[16] = "", link[64];

	must(rename(old, new));
	/* A new file of the old name is not the one that is open. */
	victim_file("old", "another");
	victim_move();
	same(read(renamed, text, 16), 7);
	same_text(text, "renamed");
	same(read(odd, text, 16), 3);
	same_text(text, "oddamed");
	refused(read(path, text, 1), EBADF);
	check(fcntl(path, F_GETFL) & O_PATH);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
	close(must(open(link, O_RDONLY)));
}
