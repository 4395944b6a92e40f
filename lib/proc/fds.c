/* SPDX-License-Identifier: MIT */
/* fds.c - /proc/PID/fd, fdinfo and the other links: what a process has open */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/proc.h"
#include "proc/text.h"

int proc_fds(pid_t pid, struct list *fds)
{
	memset(fds, 0, sizeof(*fds));
	return numbers_in(proc_open(pid, pid, "fd", O_RDONLY | O_DIRECTORY),
			  fds);
}

static void fdinfo_line(struct proc_fdinfo *info, const char *line)
{
	const char *v;

	if ((v = text_after(line, "pos:")))
		info->pos = text_int(&v);
	else if ((v = text_after(line, "flags:")))
		info->flags = strtoul(v, NULL, 8);
	else if ((v = text_after(line, "mnt_id:")))
		info->mnt_id = text_int(&v);
	else if ((v = text_after(line, "ino:")))
		info->ino = text_dec(&v);
	else if (text_after(line, "lock:"))
		info->has_lock = true;
}

int proc_fd_open(pid_t pid, struct proc_fd_dirs *dirs)
{
	const int flags = O_PATH | O_DIRECTORY;

	dirs->fd = proc_open(pid, pid, "fd", flags);
	dirs->fdinfo = dirs->fd < 0 ? -1 : proc_open(pid, pid, "fdinfo", flags);
	if (dirs->fdinfo >= 0)
		return 0;
	proc_fd_close(dirs);
	return -1;
}

void proc_fd_close(struct proc_fd_dirs *dirs)
{
	int err = errno;

	if (dirs->fd >= 0)
		close(dirs->fd);
	if (dirs->fdinfo >= 0)
		close(dirs->fdinfo);
	errno = err;
}

char *proc_fd_link(const struct proc_fd_dirs *dirs, int fd)
{
	char name[16], target[8192];
	ssize_t n;

	snprintf(name, sizeof(name), "%d", fd);
	n = readlinkat(dirs->fd, name, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(target);
}

int proc_fd_stat(const struct proc_fd_dirs *dirs, int fd, struct stat *st)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", fd);
	return fstatat(dirs->fd, name, st, 0);
}

static int read_info(struct proc_fdinfo *info, int dirfd, const char *path)
{
	memset(info, 0, sizeof(*info));
	info->text = read_file_proc_at(dirfd, path);
	if (!info->text)
		return -1;
	for (const char *line = info->text, *end; *line; line = end + 1) {
		fdinfo_line(info, line);
		end = strchr(line, '\n');
		if (!end)
			break;
	}
	return 0;
}

int proc_fd_info(const struct proc_fd_dirs *dirs, int fd,
		 struct proc_fdinfo *info)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", fd);
	return read_info(info, dirs->fdinfo, name);
}

int proc_fdinfo(pid_t pid, int fd, struct proc_fdinfo *info)
{
	char path[PROC_PATH_ROOM];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	return read_info(info, AT_FDCWD, path);
}

void proc_fdinfo_free(struct proc_fdinfo *info)
{
	free(info->text);
	info->text = NULL;
}

char *proc_link(pid_t pid, const char *name)
{
	char path[PROC_PATH_ROOM], target[8192];
	ssize_t n;

	if (proc_path(path, pid, pid, name) < 0)
		return NULL;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	return xstrdup(target);
}
