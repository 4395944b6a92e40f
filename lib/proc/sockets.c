/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - who has a port, and whether an address is here
 *
 * The tables of /proc/net name the inode of each socket; whose it is, is found
 * by looking at everybody's descriptors.  Only done for a message.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

/* "0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 ..": of a listener the
 * last is how many wait to be accepted; 03 is one that is being begun. */
static int port_state_in(const char *table, unsigned int port)
{
	char *text = read_file(table, NULL);
	int found = 0;

	for (const char *line = text; line && *line;) {
		unsigned int p, state, waiting;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %x %*x:%x", &p,
			   &state, &waiting) == 3 && p == port) {
			if (state == 0x0a)
				found |= PORT_LISTENS | (waiting ? PORT_WAITS : 0);
			else if (state == 0x03)
				found |= PORT_WAITS;
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
	free(text);
	return found;
}

int proc_port_state(pid_t pid, unsigned int port)
{
	char path[64];
	int found;

	snprintf(path, sizeof(path), "/proc/%d/net/tcp", pid);
	found = port_state_in(path, port);
	snprintf(path, sizeof(path), "/proc/%d/net/tcp6", pid);
	return found | port_state_in(path, port);
}

static bool has_family(int family)
{
	struct ifaddrs *all, *a;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return true;
	for (a = all; a && !found; a = a->ifa_next)
		found = a->ifa_addr && a->ifa_addr->sa_family == family;
	freeifaddrs(all);
	return found;
}

/* Those may be bound even while that device is down. */
static bool is_loopback(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;

	return ss->ss_family == AF_INET ?
		ntohl(in->sin_addr.s_addr) >> 24 == 127 :
		ss->ss_family == AF_INET6 &&
		IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* The kernel says by bind(2), for addresses that are routed to it as well; but
 * where there is none at all it takes every one. */
bool proc_address_here(const struct sockaddr_storage *address)
{
	struct sockaddr_storage ss = *address;
	int fd, rc = 0;

	if (is_loopback(&ss))
		return true;
	if (!has_family(ss.ss_family))
		return false;
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	((struct sockaddr_in *)&ss)->sin_port = 0;
	if (fd >= 0)
		rc = bind(fd, (struct sockaddr *)&ss, ss.ss_family == AF_INET ?
			  sizeof(struct sockaddr_in) :
			  sizeof(struct sockaddr_in6));
	if (rc < 0 && errno != EADDRNOTAVAIL)
		rc = 0;		/* said when it is really bound */
	if (fd >= 0)
		close(fd);
	return rc == 0;
}
