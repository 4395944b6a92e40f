/* SPDX-License-Identifier: MIT */
/* file-dir-deleted - directories that were removed while open: one inside
 * another, one whose name somebody else has now */
#include "victim.h"

#include <sys/stat.h>

static int removed(const char *name, mode_t mode)
{
	char *path = victim_path(name);
	int fd;

	must(mkdir(path, 0700));
	must(chmod(path, mode));
	fd = must(open(path, O_RDONLY | O_DIRECTORY));
	return fd;
}

static void is_dead(int fd, mode_t mode)
{
	struct stat st;

	must(fstat(fd, &st));
	check(S_ISDIR(st.st_mode));
	same(st.st_mode & 07777, mode);
	same(st.st_nlink, 0);
	refused(openat(fd, "new", O_CREAT | O_WRONLY, 0600), ENOENT);
}

void victim(void)
{
	int outer = removed("outer", 0751), inner = removed("outer/inner", 0700);
	int taken = removed("taken", 01777), again;
	char link[4200], path[64];
	struct stat a, b;
	ssize_t n;

	again = must(open(victim_path("outer"), O_RDONLY));
	must(rmdir(victim_path("outer/inner")));
	must(rmdir(victim_path("outer")));
	must(rmdir(victim_path("taken")));
	victim_file("taken", "a file");
	must(fstat(outer, &a));
	if (a.st_nlink)
		victim_skip("removed directories have links here");
	victim_move();
	is_dead(outer, 0751);
	is_dead(inner, 0700);
	is_dead(taken, 01777);
	must(fstat(outer, &a));
	must(fstat(again, &b));
	same(b.st_ino, a.st_ino);
	must(fstatat(inner, "..", &b, 0));
	same(b.st_ino, a.st_ino);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", inner);
	n = must(readlink(path, link, sizeof(link) - 1));
	link[n] = '\0';
	check(strstr(link, "/outer/inner (deleted)"));
	refused(access(victim_path("outer"), F_OK), ENOENT);
	must(access(victim_path("taken"), F_OK));
}
