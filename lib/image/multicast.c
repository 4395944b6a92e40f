/* SPDX-License-Identifier: MIT */
/*
 * multicast.c - the groups that a socket is a member of
 *
 * The kernel lists the groups of each device, and says of a socket whether it is
 * a member of one that it is asked for (MCAST_MSFILTER), with the sources that
 * it hears or does not hear.  Devices go by their names.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "image/inet.h"

#define SOURCES 256	/* a group's, that are kept */

static const struct field fields[] = {
	FIELD(struct rec_group, level, FIELD_UINT),
	FIELD(struct rec_group, device, FIELD_TEXT),
	FIELD(struct rec_group, filter, FIELD_BLOB,
	      .max = GROUP_FILTER_SIZE(SOURCES)),
};
const struct schema group_schema =
	SCHEMA("multicast group", struct rec_group, fields);

/* ---- capture ---- */

static void ask(int fd, int level, const char *device, uint32_t index,
		const void *group, size_t len, struct list *groups)
{
	struct group_filter *filter = xcalloc(1, GROUP_FILTER_SIZE(SOURCES));
	socklen_t size = GROUP_FILTER_SIZE(SOURCES);
	struct rec_group *rec;

	filter->gf_interface = index;
	filter->gf_numsrc = SOURCES;
	memcpy(&filter->gf_group, group, len);
	if (getsockopt(fd, level, MCAST_MSFILTER, filter, &size) < 0) {
		free(filter);
		return;
	}
	if (filter->gf_numsrc > SOURCES)
		filter->gf_numsrc = SOURCES;
	rec = list_add(groups, sizeof(*rec));
	rec->level = level;
	rec->device = xstrdup(device);
	rec->filter.data = (uint8_t *)filter;	/* handed over */
	rec->filter.len = GROUP_FILTER_SIZE(filter->gf_numsrc);
}

/* "2\teth0      :     1      V3", then "\t\t\t\t010000E0     1 .." for each. */
static void ask_v4(int fd, const char *text, struct list *groups)
{
	char device[IF_NAMESIZE] = "";
	uint32_t index = 0;

	for (const char *line = text; line && *line;) {
		struct sockaddr_in in = { .sin_family = AF_INET };
		uint32_t address;

		if (*line != '\t') {
			sscanf(line, "%u %15s :", &index, device);
		} else if (sscanf(line, " %8X", &address) == 1) {
			in.sin_addr.s_addr = address;
			ask(fd, IPPROTO_IP, device, index, &in, sizeof(in),
			    groups);
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
}

static bool parse_v6(const char *hex, struct in6_addr *to)
{
	for (int i = 0; i < 16; i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		to->s6_addr[i] = byte;
	}
	return true;
}

/* "2    eth0    ff020000000000000000000000000001     1 0000000C 0" */
static void ask_v6(int fd, const char *text, struct list *groups)
{
	for (const char *line = text; line && *line;) {
		struct sockaddr_in6 in = { .sin6_family = AF_INET6 };
		char device[IF_NAMESIZE], hex[33];
		uint32_t index;

		if (sscanf(line, "%u %15s %32s", &index, device, hex) == 3 &&
		    parse_v6(hex, &in.sin6_addr))
			ask(fd, IPPROTO_IPV6, device, index, &in, sizeof(in),
			    groups);
		line = strchr(line, '\n');
		line += line != NULL;
	}
}

void multicast_capture(struct source *s, int fd, struct rec_inet *rec)
{
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/%d/net/igmp", s->via);
	text = read_file(path, NULL);
	ask_v4(fd, text, &rec->groups);
	free(text);
	if (rec->family != AF_INET6)
		return;
	snprintf(path, sizeof(path), "/proc/%d/net/igmp6", s->via);
	text = read_file(path, NULL);
	ask_v6(fd, text, &rec->groups);
	free(text);
}

/* ---- restore ---- */

bool multicast_sound(const struct rec_inet *rec)
{
	list_each(&rec->groups, struct rec_group, g) {
		struct group_filter filter;

		if ((g->level != IPPROTO_IP && g->level != IPPROTO_IPV6) ||
		    !g->device || g->filter.len < GROUP_FILTER_SIZE(0))
			return false;
		memcpy(&filter, g->filter.data, GROUP_FILTER_SIZE(0));
		if (filter.gf_numsrc > SOURCES ||
		    g->filter.len != GROUP_FILTER_SIZE(filter.gf_numsrc))
			return false;
	}
	return true;
}

static int join(int fd, const struct rec_group *g)
{
	struct group_filter *filter = (struct group_filter *)g->filter.data;
	struct group_req req = { .gr_interface = if_nametoindex(g->device),
				 .gr_group = filter->gf_group };

	if (!req.gr_interface ||
	    setsockopt(fd, g->level, MCAST_JOIN_GROUP, &req, sizeof(req)) < 0)
		return -1;
	if (filter->gf_fmode == MCAST_EXCLUDE && !filter->gf_numsrc)
		return 0;
	filter->gf_interface = req.gr_interface;
	return setsockopt(fd, g->level, MCAST_MSFILTER, filter, g->filter.len);
}

void multicast_restore(struct restore *r, int fd, const struct rec_inet *rec,
		       const char *what)
{
	list_each(&rec->groups, struct rec_group, g)
		if (join(fd, g) < 0)
			warning_add(r, "a %s cannot join its multicast group on "
				    "%s: %s", what, g->device, strerror(errno));
}
