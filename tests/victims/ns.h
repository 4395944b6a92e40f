/* SPDX-License-Identifier: MIT */
/* ns.h - namespaces for victims */
#ifndef VICTIM_NS_H
#define VICTIM_NS_H

#include <sched.h>

#include "victim.h"

/* In new ones from now on. */
static inline void own_namespaces(int flags)
{
	must(unshare(flags));
}

/* The first line of a file of /proc, in static storage. */
static inline const char *line_of(const char *path)
{
	static char text[256];
	FILE *f = fopen(path, "re");

	if (!f || !fgets(text, sizeof(text), f))
		victim_fail("cannot read %s", path);
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static inline void write_line(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CLOEXEC));

	same(write(fd, text, strlen(text)), strlen(text));
	must(close(fd));
}

#endif
