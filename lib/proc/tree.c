/* SPDX-License-Identifier: MIT */
/* tree.c - which processes and tasks there are, and who is whose child */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/fallback.h"
#include "proc/proc.h"
#include "proc/text.h"

/* The links of a directory of /proc: more than the processes or threads in it,
 * but by no more than some dozens. */
static size_t links_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_nlink;
}

/* Those of task/ are two, and one for each thread. */
static size_t thread_links(pid_t pid)
{
	char path[PROC_PATH_ROOM];

	return proc_path(path, pid, pid, "task") < 0 ? 0 : links_of(path);
}

int proc_threads(pid_t pid, struct list *tids)
{
	memset(tids, 0, sizeof(*tids));
	/* The one thread left is the main one, even if that is a zombie. */
	if (thread_links(pid) == 3) {
		*(pid_t *)list_add(tids, sizeof(pid_t)) = pid;
		return 0;
	}
	return numbers_in(proc_open(pid, pid, "task", O_RDONLY | O_DIRECTORY),
			  tids);
}

int proc_all(struct list *pids)
{
	memset(pids, 0, sizeof(*pids));
	return numbers_in(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			  pids);
}

static void add_pids(const char *p, struct list *pids)
{
	for (p = text_blank(p); *p >= '0' && *p <= '9'; p = text_blank(p))
		*(pid_t *)list_add(pids, sizeof(pid_t)) = text_dec(&p);
}

/* Everybody is asked for his parent.  Needs no CONFIG_PROC_CHILDREN. */
int children_by_parent(pid_t pid, struct list *pids)
{
	struct list all;
	int rc = proc_all(&all);

	list_each(&all, pid_t, p) {
		struct proc_stat st;

		if (proc_stat(*p, *p, &st) == 0 && st.ppid == pid)
			*(pid_t *)list_add(pids, sizeof(pid_t)) = *p;
	}
	list_free(&all);
	return rc;
}

/* The children that thread @tid has forked. */
static int children_of_thread(pid_t pid, pid_t tid, struct list *pids)
{
	char name[64], path[PROC_PATH_ROOM], *text;

	snprintf(name, sizeof(name), "task/%d/children", tid);
	if (proc_path(path, pid, pid, name) < 0)
		return -1;
	text = read_file_proc(path);
	if (!text)
		return -1;
	add_pids(text, pids);
	free(text);
	return 0;
}

static bool gone(int err)
{
	return err == ENOENT || err == ESRCH;
}

static int ascending(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Then it is cheaper to ask every process than every thread. */
static bool has_more_threads_than_processes(pid_t pid)
{
	size_t threads = thread_links(pid);

	return threads > 100 && threads > links_of("/proc");
}

int children_by_threads(pid_t pid, struct list *pids)
{
	bool told = false;	/* at least one thread had the file */
	struct list tids;
	int rc = proc_threads(pid, &tids);

	list_each(&tids, pid_t, tid) {
		if (rc < 0)
			break;
		if (children_of_thread(pid, *tid, pids) == 0)
			told = true;
		else if (!gone(errno))
			rc = -1;
	}
	list_free(&tids);
	if (rc == 0 && !told) {
		errno = ENOENT;
		rc = -1;
	}
	if (pids->n > 1)
		list_sort(pids, sizeof(pid_t), ascending);
	return rc;
}

int proc_children(pid_t pid, struct list *pids)
{
	char path[PROC_PATH_ROOM];

	memset(pids, 0, sizeof(*pids));
	if (has_more_threads_than_processes(pid))
		return children_by_parent(pid, pids);
	if (children_by_threads(pid, pids) == 0)
		return 0;
	/* Either the process has gone or the kernel has no such files. */
	proc_path(path, pid, pid, "");
	if (!gone(errno) || access(path, F_OK) < 0)
		return -1;
	return children_by_parent(pid, pids);
}
