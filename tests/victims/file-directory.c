/* SPDX-License-Identifier: MIT */
/* file-directory - directories: openat, fchdir, and reading one half way */
#include "victim.h"

#include <dirent.h>
#include <sys/stat.h>

#define ENTRIES	300

static int read_some(DIR *dir, int most, char *seen)
{
	struct dirent *entry;
	int count = 0, number;

	while (count < most && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "entry-%d", &number) != 1)
			continue;
		check(number < ENTRIES && !seen[number]);
		seen[number] = 1;
		count++;
	}
	return count;
}

void victim(void)
{
	char *path = victim_path("dir"), name[64], seen[ENTRIES] = "";
	char cwd[4096], text[8] = "";
	int plain, opath, fd;
	DIR *dir;

	must(mkdir(path, 0755));
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(name, sizeof(name), "dir/entry-%d", i);
		victim_file(name, "text");
	}
	plain = must(open(path, O_RDONLY | O_DIRECTORY));
	opath = must(open(path, O_PATH | O_DIRECTORY));
	dir = opendir(path);
	check(dir);
	same(read_some(dir, 100, seen), 100);
	victim_move();
	same(read_some(dir, ENTRIES, seen), ENTRIES - 100);
	fd = must(openat(plain, "entry-7", O_RDONLY));
	same(read(fd, text, 8), 4);
	close(fd);
	close(must(openat(opath, "entry-8", O_RDONLY)));
	refused(fchmod(opath, 0700), EBADF);
	must(fchdir(plain));
	check(getcwd(cwd, sizeof(cwd)));
	check(strlen(cwd) > 4 && !strcmp(cwd + strlen(cwd) - 4, "/dir"));
}
