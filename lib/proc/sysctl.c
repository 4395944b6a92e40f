/* SPDX-License-Identifier: MIT */
/* sysctl.c - read and write /proc/sys */
#include "proc/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

static char *path_of(const char *name)
{
	return xasprintf("/proc/sys/%s", name);
}

static void read_one(const char *path, const char *name, struct list *to)
{
	char *value = read_file(path, NULL);
	struct sysctl *s;

	if (!value)
		return;
	value[strcspn(value, "\n")] = '\0';
	s = list_add(to, sizeof(*s));
	s->name = xstrdup(name);
	s->value = value;
}

static void read_below(const char *path, const char *name, struct list *to)
{
	struct dirent **all;
	int n = scandir(path, &all, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (all[i]->d_name[0] != '.') {
			char *sub = xasprintf("%s/%s", name, all[i]->d_name);

			sysctl_read(sub, to);
			free(sub);
		}
		free(all[i]);
	}
	if (n >= 0)
		free(all);
}

void sysctl_read(const char *name, struct list *to)
{
	char *path = path_of(name);
	struct stat st;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			read_below(path, name, to);
		else if (st.st_mode & 0200 && st.st_mode & 0400)
			read_one(path, name, to);
	}
	free(path);
}

void sysctl_free(struct list *l)
{
	list_each(l, struct sysctl, s) {
		free(s->name);
		free(s->value);
	}
	list_free(l);
}

bool sysctl_has(const struct list *l, const struct sysctl *s)
{
	list_each(l, struct sysctl, known)
		if (!strcmp(known->name, s->name))
			return !strcmp(known->value, s->value);
	return false;
}

int sysctl_write(const char *name, const char *value)
{
	char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = -1;
	ssize_t n = strlen(value);

	free(path);
	if (fd < 0)
		return -1;
	rc = write(fd, value, n) == n ? 0 : -1;
	close(fd);
	return rc;
}
