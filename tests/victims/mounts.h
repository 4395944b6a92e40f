/* SPDX-License-Identifier: MIT */
/* mounts.h - mount namespaces for victims */
#ifndef VICTIM_MOUNTS_H
#define VICTIM_MOUNTS_H

#include <mntent.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ns.h"

/* How often something is mounted on @point. */
static inline int mounted(const char *point)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int n = 0;

	if (!f)
		victim_fail("cannot read /proc/self/mounts");
	while ((m = getmntent(f)))
		n += !strcmp(m->mnt_dir, point);
	endmntent(f);
	return n;
}

/* What is mounted on @point, in static storage. */
static inline const char *mount_of(const char *point)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	static char name[256];
	struct mntent *m;

	name[0] = '\0';
	while (f && (m = getmntent(f)))
		if (!strcmp(m->mnt_dir, point))
			snprintf(name, sizeof(name), "%s", m->mnt_fsname);
	if (f)
		endmntent(f);
	return name;
}

static int shm_before;

/* How often /dev/shm was, before. */
static inline int was_mounted(const char *point)
{
	(void)point;
	return shm_before;
}

/* In a new one from now on, of which nobody else hears. */
static inline void own_mounts(void)
{
	shm_before = mounted("/dev/shm");
	own_namespaces(CLONE_NEWNS);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* A new file DIR/name, or a directory if there is no @text. */
static inline void put(const char *name, const char *text, mode_t mode)
{
	const char *path = victim_path(name);
	int fd;

	if (!text) {
		must(mkdir(path, 0755));
		return;
	}
	fd = must(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
	same(write(fd, text, strlen(text)), strlen(text));
	must(close(fd));
}

/* What begins DIR/name, in static storage. */
static inline const char *contents(const char *name)
{
	static char text[4096];
	int fd = must(open(victim_path(name), O_RDONLY | O_CLOEXEC));
	ssize_t n = must(read(fd, text, sizeof(text) - 1));

	must(close(fd));
	text[n] = '\0';
	return text;
}

#endif
