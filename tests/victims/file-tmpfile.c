/* SPDX-License-Identifier: MIT */
/* file-tmpfile - an O_TMPFILE that is to have a name only when it is whole */
#include "victim.h"

#include <sys/stat.h>

void victim(void)
{
	int fd = open(victim_path(""), O_TMPFILE | O_RDWR, 0604);
	char path[64], text[32] = "";
	struct stat st;
	int again;

	if (fd < 0)
		victim_skip("no O_TMPFILE: %s", strerror(errno));
	same(write(fd, "before ", 7), 7);
	victim_move();
	same(write(fd, "after", 5), 5);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(linkat(AT_FDCWD, path, AT_FDCWD, victim_path("whole"),
		    AT_SYMLINK_FOLLOW));
	again = must(open(victim_path("whole"), O_RDONLY));
	same(read(again, text, sizeof(text)), 12);
	same_text(text, "before after");
	must(fstat(again, &st));
	same(st.st_mode & 0777, 0604);
}
