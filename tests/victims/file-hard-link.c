/* SPDX-License-Identifier: MIT */
/* file-hard-link - the name it was opened by is gone, another is left */
#include "victim.h"

#include <sys/stat.h>

void victim(void)
{
	char *name = victim_file("name", "linked"), *other = victim_path("other");
	int fd = must(open(name, O_RDWR));
	char text[16] = "";
	struct stat st;

	must(lseek(fd, 2, SEEK_SET));
	must(link(name, other));
	must(unlink(name));
	victim_move();
	same(read(fd, text, 16), 4);
	same_text(text, "nked");
	must(fstat(fd, &st));
	same(st.st_size, 6);
}
