/* SPDX-License-Identifier: MIT */
/* proc-cwd-deleted - a working directory that has been removed, of parent and
 * child, who also has it open */
#include "victim.h"

#include <sys/stat.h>

static ino_t inode(const char *path)
{
	struct stat st;

	must(stat(path, &st));
	same(st.st_nlink, 0);
	return st.st_ino;
}

static int to_parent[2];

static void child(void)
{
	int fd = must(open(".", O_RDONLY));
	char cwd[4096];
	struct stat st;
	ino_t ino;

	victim_ready();
	victim_wait();
	ino = inode(".");
	must(fstat(fd, &st));
	same(st.st_ino, ino);
	refused(getcwd(cwd, sizeof(cwd)) ? 0 : -1, ENOENT);
	same(write(to_parent[1], &ino, sizeof(ino)), sizeof(ino));
}

void victim(void)
{
	char *dir = victim_path("dir");
	ino_t theirs = 0;
	pid_t pid;

	must(mkdir(dir, 0755));
	must(chdir(dir));
	must(rmdir(dir));
	must(pipe(to_parent));
	pid = victim_child(child);
	victim_wait();
	same(read(to_parent[0], &theirs, sizeof(theirs)), sizeof(theirs));
	same(inode("."), theirs);
	refused(open("new", O_CREAT | O_WRONLY, 0600), ENOENT);
	victim_reap(pid, 0);
	must(chdir("/"));
}
