/* SPDX-License-Identifier: MIT */
/*
 * bpfshare.c - who else has a map of bpf(2)
 *
 * A map that a program in the kernel uses, or somebody outside the tree, cannot be
 * taken away from them, and a copy of it would be of no use.  The kernel keeps no
 * list: programs tell which maps they use, descriptors which they are of, and
 * pinned ones and those in other maps can be opened.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "image/bpf.h"

#define DEPTH_MAX	16	/* of directories in a file system of bpf(2) */
#define MAPS_MAX	1024	/* that a program uses; the kernel allows 64 */

/* ---- programs ---- */

static bool program_uses(int fd, uint32_t id)
{
	uint32_t maps[MAPS_MAX] = { 0 };
	struct bpf_prog_info info = {
		.nr_map_ids = MAPS_MAX, .map_ids = (uint64_t)maps,
	};

	if (bpf_info(fd, &info, sizeof(info)) < 0)
		return false;
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		if (maps[i] == id)
			return true;
	return false;
}

/* The next number after *id, opened; -1 at the end, with errno ENOENT. */
static int next_object(int next, int open, uint32_t *id)
{
	for (;;) {
		union bpf_attr attr = { .start_id = *id };
		long fd;

		if (bpf_call(next, &attr) < 0)
			return -1;
		*id = attr.next_id;
		attr = (union bpf_attr){ .prog_id = *id };	/* or map_id */
		fd = bpf_call(open, &attr);
		if (fd >= 0 || errno != ENOENT)
			return fd;
	}
}

static char *in_program(uint32_t id)
{
	uint32_t program = 0;
	bool uses = false;
	int fd;

	while (!uses && (fd = next_object(BPF_PROG_GET_NEXT_ID,
					  BPF_PROG_GET_FD_BY_ID,
					  &program)) >= 0) {
		uses = program_uses(fd, id);
		close(fd);
	}
	if (uses)
		return xasprintf("BPF program %u uses", program);
	return errno == ENOENT ? NULL : 
		xstrdup("others may have, which root alone is told");
}

/* ---- maps of maps ---- */

static bool holds(int fd, uint32_t key_size, uint32_t id)
{
	uint8_t *key = xcalloc(1, key_size), *next = xcalloc(1, key_size);
	bool first = true, found = false;

	for (;;) {
		uint32_t value = 0;
		union bpf_attr attr = {
			.map_fd = fd, .key = first ? 0 : (uint64_t)key,
			.next_key = (uint64_t)next,
		};

		if (found || bpf_call(BPF_MAP_GET_NEXT_KEY, &attr) < 0)
			break;
		memcpy(key, next, key_size);
		first = false;
		attr = (union bpf_attr){ .map_fd = fd, .key = (uint64_t)key,
					 .value = (uint64_t)&value };
		found = bpf_call(BPF_MAP_LOOKUP_ELEM, &attr) == 0 &&
			value == id;
	}
	free(key);
	free(next);
	return found;
}

static char *in_map(uint32_t id)
{
	uint32_t map = 0;
	bool found = false;
	int fd;

	while (!found && (fd = next_object(BPF_MAP_GET_NEXT_ID,
					   BPF_MAP_GET_FD_BY_ID, &map)) >= 0) {
		struct bpf_map_info info = { 0 };

		found = bpf_info(fd, &info, sizeof(info)) == 0 &&
			(info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
			 info.type == BPF_MAP_TYPE_HASH_OF_MAPS) &&
			holds(fd, info.key_size, id);
		close(fd);
	}
	return found ? xasprintf("BPF map %u holds", map) : NULL;
}

/* ---- pinned ---- */

static bool is_pinned_as(const char *path, uint32_t id)
{
	union bpf_attr attr = { .pathname = (uint64_t)path };
	struct bpf_map_info info = { 0 };
	long fd = bpf_call(BPF_OBJ_GET, &attr);
	char name[64], link[64] = "";
	bool same;

	if (fd < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%ld", fd);
	same = readlink(name, link, sizeof(link) - 1) > 0 &&
		!strcmp(link, "anon_inode:bpf-map") &&
		bpf_info(fd, &info, sizeof(info)) == 0 && info.id == id;
	close(fd);
	return same;
}

static char *pinned_below(const char *path, uint32_t id, int depth)
{
	DIR *dir = depth ? opendir(path) : NULL;
	struct dirent *d;
	char *found = NULL;

	while (dir && !found && (d = readdir(dir))) {
		char *name;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		name = xasprintf("%s/%s", path, d->d_name);
		if (d->d_type == DT_DIR)
			found = pinned_below(name, id, depth - 1);
		else if (is_pinned_as(name, id))
			found = xasprintf("is pinned as %s", name);
		free(name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* "23 22 0:21 / /sys/fs/bpf rw,.. - bpf bpf rw" */
static char *pinned(uint32_t id)
{
	char *text = read_file_proc("/proc/self/mountinfo"), *found = NULL;
	char *rest = text, *line;

	while (rest && !found && (line = strsep(&rest, "\n"))) {
		char path[4096];

		if (strstr(line, " - bpf ") &&
		    sscanf(line, "%*d %*d %*s %*s %4095s", path) == 1)
			found = pinned_below(path, id, DEPTH_MAX);
	}
	free(text);
	return found;
}

/* ---- descriptors ---- */

static bool has_map(pid_t pid, int fd, uint32_t id)
{
	struct proc_fdinfo info = { 0 };
	char key[32];
	bool found;

	if (proc_fdinfo(pid, fd, &info) < 0)
		return false;
	snprintf(key, sizeof(key), "\nmap_id:\t%u\n", id);
	found = info.text && strstr(info.text, key);
	proc_fdinfo_free(&info);
	return found;
}

static bool process_has(pid_t pid, uint32_t id)
{
	struct list fds = { 0 };
	bool found = false;

	proc_fds(pid, &fds);
	list_each(&fds, int, fd) {
		char name[32], *link;

		if (found)
			break;
		snprintf(name, sizeof(name), "fd/%d", *fd);
		link = proc_link(pid, name);
		found = link && !strcmp(link, "anon_inode:bpf-map") &&
			has_map(pid, *fd, id);
		free(link);
	}
	list_free(&fds);
	return found;
}

static char *in_process(const struct capture *c, uint32_t id)
{
	struct list all = { 0 };
	char *found = NULL;

	proc_all(&all);
	list_each(&all, pid_t, pid) {
		bool ours = *pid == getpid();

		list_each(&c->sources, struct source, s)
			ours |= s->pid == *pid;
		if (!found && !ours && process_has(*pid, id))
			found = xasprintf("process %d has, too", *pid);
	}
	list_free(&all);
	return found;
}

char *bpf_map_shared(const struct capture *c, uint32_t id)
{
	char *found = in_program(id);

	if (!found)
		found = in_map(id);
	if (!found)
		found = pinned(id);
	return found ? found : in_process(c, id);
}
