/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - who has a port
 *
 * The tables of /proc/net name the inode of each socket; whose it is, is found
 * by looking at everybody's descriptors.  Only done for a message.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "proc/proc.h"
#include "proc/text.h"

/* "0: 0100007F:1F90 00000000:0000 0A 00000000:.. 00:.. .. uid timeout inode" */
static uint64_t inode_in(const char *table, unsigned int port)
{
	char *text = read_file(table, NULL);
	uint64_t found = 0;

	for (const char *line = text; line && *line && !found;) {
		unsigned int p;
		uint64_t ino;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %*x %*s %*s %*s "
			   "%*u %*u %" SCNu64, &p, &ino) == 2 && p == port)
			found = ino;
		line = strchr(line, '\n');
		line += line != NULL;
	}
	free(text);
	return found;
}

static bool has_inode(pid_t pid, uint64_t ino)
{
	struct list fds = { 0 };
	bool found = false;

	proc_fds(pid, &fds);
	list_each(&fds, int, fd) {
		char path[64];
		struct stat st;

		if (found)
			break;
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, *fd);
		found = stat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
			st.st_ino == ino;
	}
	list_free(&fds);
	return found;
}

pid_t proc_port_holder(const char *protocol, unsigned int port)
{
	char path[64];
	struct list all = { 0 };
	uint64_t ino = 0;
	pid_t found = 0;

	for (int v6 = 0; v6 < 2 && !ino; v6++) {
		snprintf(path, sizeof(path), "/proc/net/%s%s", protocol,
			 v6 ? "6" : "");
		ino = inode_in(path, port);
	}
	if (ino)
		proc_all(&all);
	list_each(&all, pid_t, pid)
		if (!found && has_inode(*pid, ino))
			found = *pid;
	list_free(&all);
	return found;
}
