/* SPDX-License-Identifier: MIT */
/* again.h - the victim's own program, from another file: copied, run anew */
#ifndef AGAIN_H
#define AGAIN_H

#include <sys/sendfile.h>
#include <sys/stat.h>

extern char **environ;

/* Does the program run from the copy already? */
static inline bool is_copy(void)
{
	return getenv("VICTIM_COPY") != NULL;
}

static inline void copy_to(int fd)
{
	int self = must(open("/proc/self/exe", O_RDONLY));
	struct stat st;
	off_t at = 0;

	must(fstat(self, &st));
	while (at < st.st_size)
		must(sendfile(fd, self, &at, st.st_size - at));
	must(fchmod(fd, 0755));
	close(self);
}

/* Runs what @fd is, which must not be open for writing; no return. */
static inline void run_copy(int fd)
{
	static char line[8192];
	char *argv[3] = { line };
	int cmd = must(open("/proc/self/cmdline", O_RDONLY));

	check(read(cmd, line, sizeof(line) - 1) > 0);
	close(cmd);
	argv[1] = line + strlen(line) + 1;
	must(setenv("VICTIM_COPY", "1", 1));
	must(fexecve(fd, argv, environ));
}

/* The same of @path, of which @fd is the only writer. */
static inline void run_copy_of(const char *path, int fd)
{
	int again = must(open(path, O_RDONLY | O_CLOEXEC));

	close(fd);
	run_copy(again);
}

/* The same bytes as the victim as it was built, by their sum. */
static inline uint64_t sum_of(const char *path)
{
	int fd = must(open(path, O_RDONLY));
	uint64_t sum = 0;
	unsigned char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + buf[i];
	close(fd);
	return sum;
}

#endif
