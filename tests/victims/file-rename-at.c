/* SPDX-License-Identifier: MIT */
/* file-rename-at - names can be changed between directories open, the working
 * directory and paths: all is one mount */
#include "victim.h"

#include <sys/stat.h>

void victim(void)
{
	int dir, file;
	char path[64];

	must(mkdir(victim_path("a"), 0755));
	must(mkdir(victim_path("b"), 0755));
	victim_file("a/one", "1");
	victim_file("a/two", "2");
	dir = must(open(victim_path("a"), O_RDONLY | O_DIRECTORY));
	file = must(open(victim_path("a/two"), O_RDONLY));
	must(chdir(victim_path("b")));
	victim_move();
	must(renameat(dir, "one", AT_FDCWD, "one"));
	must(renameat(AT_FDCWD, victim_path("b/one"), dir, "uno"));
	must(access(victim_path("a/uno"), F_OK));
	must(linkat(dir, "two", AT_FDCWD, "due", 0));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	must(linkat(AT_FDCWD, path, AT_FDCWD, "zwei", AT_SYMLINK_FOLLOW));
	must(access(victim_path("b/zwei"), F_OK));
}
