/* SPDX-License-Identifier: MIT */
/*
 * pipes.c - who holds the ends of pipes and FIFOs
 *
 * Every descriptor of every process is asked for by two calls: statx() through
 * the link says whether it is a pipe and which, and the permission bits of the
 * link itself say how it was opened (the kernel puts the access mode there).
 * Opening fdinfo instead would cost five times as much.
 *
 * Threads may have a table of descriptors of their own (unshare(CLONE_FILES)):
 * kcmp() tells, and only those tables are looked at once more.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc/proc.h"
#include "proc/text.h"

/* What one look at processes gathers. */
struct look {
	uint64_t ino;		/* of interest; 0: all */
	struct list *pipes;	/* of struct proc_pipe, not yet in order */
	bool blind;		/* somebody else's could not be looked into */
};

static int access_bits(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (st.st_mode & S_IRUSR ? PIPE_READER : 0) |
	       (st.st_mode & S_IWUSR ? PIPE_WRITER : 0);
}

/*
 * Nothing if it is no pipe, closed meanwhile, or opened with O_PATH.  The file
 * system is not asked anew: a network file system might never answer.  -1 if
 * we may not see what is behind this process's descriptors.
 */
static int look_at_fd(struct look *look, int dirfd, const char *name)
{
	struct proc_pipe *p;
	struct statx sx;
	int ends;

	if (statx(dirfd, name, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO,
		  &sx) < 0)
		return errno == EACCES || errno == EPERM ? -1 : 0;
	if (!S_ISFIFO(sx.stx_mode) || (look->ino && sx.stx_ino != look->ino))
		return 0;
	ends = access_bits(dirfd, name);
	if (!ends)
		return 0;
	p = list_add(look->pipes, sizeof(*p));
	p->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	p->ino = sx.stx_ino;
	p->ends = ends;
	return 0;
}

/*
 * The directory may be read with less right than what is in it: the right to
 * that is the right to trace, which even root lacks over a process with more
 * capabilities.  -1 if it was lacking.
 */
static int look_at_table(struct look *look, pid_t pid, pid_t tid)
{
	int rc = 0, fd = proc_open(pid, tid, "fd", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		rc = errno == EACCES || errno == EPERM ? -1 : 0;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (rc == 0 && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			rc = look_at_fd(look, fd, e->d_name);
	closedir(dir);
	return rc;
}

/* If kcmp() cannot say, the table counts as another one. */
static bool same_table(pid_t a, pid_t b)
{
	return syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0) == 0;
}

static bool is_ours(pid_t pid)
{
	char path[PROC_PATH_ROOM];
	struct stat st;

	return proc_path(path, pid, pid, "") == 0 &&
	       (stat(path, &st) < 0 || st.st_uid == geteuid());
}

/* The kernel counts threads into the links of the directory "task". */
static bool has_threads(pid_t pid)
{
	char path[PROC_PATH_ROOM];
	struct stat st;

	return proc_path(path, pid, pid, "task") == 0 &&
	       stat(path, &st) == 0 && st.st_nlink > 3;
}

static void look_at_process(struct look *look, pid_t pid)
{
	struct list tids;

	if (look_at_table(look, pid, pid) < 0) {
		look->blind |= !is_ours(pid);
		return;
	}
	if (!has_threads(pid))
		return;
	proc_threads(pid, &tids);
	list_each(&tids, pid_t, tid)
		if (*tid != pid && !same_table(pid, *tid))
			look_at_table(look, pid, *tid);
	list_free(&tids);
}

static bool has_pid(const struct list *l, pid_t pid)
{
	list_each(l, pid_t, p)
		if (*p == pid)
			return true;
	return false;
}

/* At all processes that are not in @tree. */
static int look_outside(struct look *look, const struct list *tree)
{
	struct list all;
	int rc = proc_all(&all);

	list_each(&all, pid_t, p)
		if (!has_pid(tree, *p))
			look_at_process(look, *p);
	list_free(&all);
	return rc;
}

static int by_inode(const void *a, const void *b)
{
	const struct proc_pipe *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

static void merge_holders(struct list *pipes)
{
	struct proc_pipe *to = pipes->items;

	if (!pipes->n)
		return;
	list_sort(pipes, sizeof(*to), by_inode);
	list_each(pipes, struct proc_pipe, p) {
		if (by_inode(to, p) == 0)
			to->ends |= p->ends;
		else
			*++to = *p;
	}
	pipes->n = to + 1 - (struct proc_pipe *)pipes->items;
}

int proc_pipes_outside(const struct list *tree, struct list *pipes)
{
	struct look look = { .pipes = pipes };
	int rc;

	memset(pipes, 0, sizeof(*pipes));
	rc = look_outside(&look, tree);
	merge_holders(pipes);
	return rc;
}

/*
 * An inode's number is one only on its file system.  Which one is meant, the
 * tree says, if it has the pipe; if it has none, any will do.
 */
static int ends_of(const struct list *outside, const struct list *inside)
{
	int ends = 0;

	list_each(outside, struct proc_pipe, o) {
		bool meant = !inside->n;

		list_each(inside, struct proc_pipe, i)
			meant |= i->dev == o->dev;
		if (meant)
			ends |= o->ends;
	}
	return ends;
}

int proc_pipe_outside(uint64_t ino, const struct list *tree)
{
	struct list outside = { 0 }, inside = { 0 };
	struct look in = { .ino = ino, .pipes = &inside };
	struct look out = { .ino = ino, .pipes = &outside };
	int ends = look_outside(&out, tree);

	if (ends == 0 && outside.n) {
		list_each(tree, pid_t, p)
			look_at_process(&in, *p);
		ends = ends_of(&outside, &inside);
	}
	list_free(&outside);
	list_free(&inside);
	if (ends == 0 && out.blind && geteuid() == 0) {
		errno = EACCES;
		return -1;
	}
	return ends;
}
