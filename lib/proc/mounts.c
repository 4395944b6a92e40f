/* SPDX-License-Identifier: MIT */
/* mounts.c - the mounts of a namespace, from a mountinfo file of /proc */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "proc/mounts.h"
#include "proc/text.h"

#define NOSYMFOLLOW	0x00200000	/* MOUNT_ATTR_NOSYMFOLLOW, 5.14 */

/* "\040" */
static bool is_octal(const char *s)
{
	return s[0] == '\\' && s[1] >= '0' && s[1] <= '3' &&
	       strspn(s + 1, "01234567") >= 3;
}

/* Cut off at the next blank, with octal escapes undone in place. */
static char *word(char **rest)
{
	char *at = strsep(rest, " "), *to = at;

	for (const char *from = at; from && *from;) {
		if (is_octal(from)) {
			*to++ = strtoul((const char[]){ from[1], from[2],
							from[3], '\0' },
					NULL, 8);
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	if (to)
		*to = '\0';
	return at;
}

bool mount_option(const char *options, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, n) && (!at[n] || at[n] == ','))
			return true;
	}
	return false;
}

static uint32_t flags_of(const char *options)
{
	static const struct { const char *name; uint32_t flag; } known[] = {
		{ "ro", MOUNT_ATTR_RDONLY }, { "nosuid", MOUNT_ATTR_NOSUID },
		{ "nodev", MOUNT_ATTR_NODEV }, { "noexec", MOUNT_ATTR_NOEXEC },
		{ "nodiratime", MOUNT_ATTR_NODIRATIME },
		{ "noatime", MOUNT_ATTR_NOATIME },
		{ "nosymfollow", NOSYMFOLLOW },
	};
	uint32_t flags = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (mount_option(options, known[i].name))
			flags |= known[i].flag;
	if (!(flags & MOUNT_ATTR_NOATIME) && !mount_option(options, "relatime"))
		flags |= MOUNT_ATTR_STRICTATIME;
	return flags;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": proc(5). */
static bool read_one(char *line, struct proc_mount *m)
{
	char *id = word(&line), *parent = word(&line), *dev = word(&line);
	char *root = word(&line), *point = word(&line), *options = word(&line);
	char *tag, *type, *source, *super;
	unsigned major, minor;

	if (!options || sscanf(dev, "%u:%u", &major, &minor) != 2)
		return false;
	while ((tag = word(&line)) && strcmp(tag, "-")) {
		sscanf(tag, "shared:%d", &m->shared);
		sscanf(tag, "master:%d", &m->master);
		m->unbindable |= !strcmp(tag, "unbindable");
	}
	type = word(&line);
	source = word(&line);
	super = line ? word(&line) : NULL;
	if (!source)
		return false;
	m->id = atoi(id);
	m->parent = atoi(parent);
	m->dev = makedev(major, minor);
	m->flags = flags_of(options);
	m->root = xstrdup(root);
	m->point = xstrdup(point);
	m->type = xstrdup(type);
	m->source = xstrdup(source);
	m->options = xstrdup(super ? super : "");
	return true;
}

void proc_mounts_read(char *text, struct list *mounts)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct proc_mount *m = list_add(mounts, sizeof(*m));

		if (!read_one(line, m))
			mounts->n--;
	}
}

int proc_mounts(const char *path, struct list *mounts)
{
	char *text = read_file(path, NULL);

	if (!text)
		return -1;
	proc_mounts_read(text, mounts);
	free(text);
	return 0;
}

void proc_mounts_free(struct list *mounts)
{
	list_each(mounts, struct proc_mount, m) {
		free(m->root);
		free(m->point);
		free(m->type);
		free(m->source);
		free(m->options);
	}
	list_free(mounts);
}
