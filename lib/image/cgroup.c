/* SPDX-License-Identifier: MIT */
/*
 * cgroup.c - the control groups that a process is in
 *
 * It is put into the same ones again, in every hierarchy, if they are there and
 * that is allowed; else it stays in those of the restore, with a warning.  The
 * groups themselves and their limits are the business of who administers the
 * machine: nothing is made or changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "image/capture.h"
#include "image/restore.h"

static const struct field group_fields[] = {
	FIELD(struct rec_cgroup, path, FIELD_TEXT),
	FIELD(struct rec_cgroup, hierarchy, FIELD_TEXT, .max = 256),
};
static const struct schema group_schema =
	SCHEMA("control group", struct rec_cgroup, group_fields);

static const struct field fields[] = {
	FIELD(struct rec_cgroups, groups, FIELD_STRUCTS, .max = 64,
	      .sub = &group_schema),
};
static const struct schema schema =
	SCHEMA("control groups", struct rec_cgroups, fields);

/* Lines of /proc/PID/cgroup: "4:cpu,cpuacct:/a/path"; version 2 has the name
 * "".  Text is cut up and stays the caller's. */
static bool next_group(char **text, char **hierarchy, char **path)
{
	char *line = strsep(text, "\n"), *colon = line ? strchr(line, ':') : NULL;

	if (!colon)
		return false;
	*hierarchy = colon + 1;
	*path = strchr(*hierarchy, ':');
	if (!*path)
		return false;
	*(*path)++ = '\0';
	return true;
}

static char *groups_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	return read_file(path, NULL);
}

/* ---- capture ---- */

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	char *text, *rest, *hierarchy, *path;
	struct rec_cgroups *rec;

	(void)f;
	text = rest = s->zombie ? NULL : groups_of(s->via);
	if (!text)
		return 0;
	rec = image_add(&c->image, RECORD_CGROUPS, s->id);
	while (next_group(&rest, &hierarchy, &path)) {
		struct rec_cgroup *g = list_add(&rec->groups, sizeof(*g));

		g->hierarchy = xstrdup(hierarchy);
		g->path = xstrdup(path);
	}
	free(text);
	return 0;
}

/* ---- restore ---- */

static bool climbs(const char *path)
{
	const char *at = path;

	while ((at = strstr(at, ".."))) {
		if ((at == path || at[-1] == '/') && (!at[2] || at[2] == '/'))
			return true;
		at += 2;
	}
	return false;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_CGROUPS, struct rec_cgroups, rec)
		list_each(&rec->groups, struct rec_cgroup, g)
			if (!g->path || g->path[0] != '/')
				return fail(f, STATUS_STREAM, "a control group "
					    "of process %llu is not sound",
					    (unsigned long long)rec_r->id);
	return 0;
}

/* Every word of @names, which commas part, is one of @options. */
static bool has_options(const char *options, const char *names)
{
	size_t n;

	for (const char *at = names; *at; at += n + (at[n] == ',')) {
		const char *found = options;

		n = strcspn(at, ",");
		while (found && *found &&
		       (strncmp(found, at, n) || (found[n] && found[n] != ',' &&
						  found[n] != '\n'))) {
			found = strchr(found, ',');
			found += found != NULL;
		}
		if (!found || !*found)
			return false;
	}
	return true;
}

/* Is it the mount of @hierarchy?  A line of mountinfo, cut after its mount
 * point; the type and the options come behind " - ". */
static bool is_mount_of(const char *tail, const char *hierarchy)
{
	const char *type = strstr(tail, " - "), *options;

	if (!type)
		return false;
	type += 3;
	if (!*hierarchy)
		return !strncmp(type, "cgroup2 ", 8);
	options = strrchr(type, ' ');
	return !strncmp(type, "cgroup ", 7) && options &&
	       has_options(options + 1, hierarchy);
}

/* Where a hierarchy is mounted here; owned, NULL nowhere. */
static char *mount_of(const char *hierarchy)
{
	char *text = read_file("/proc/self/mountinfo", NULL), *rest = text;
	char *line, point[4096], *found = NULL;
	int n;

	while (!found && rest && (line = strsep(&rest, "\n")))
		if (sscanf(line, "%*s %*s %*s %*s %4095s%n", point, &n) == 1 &&
		    is_mount_of(line + n, hierarchy))
			found = xstrdup(point);
	free(text);
	return found;
}

/* Is it in that group by birth already?  @text: what it is in. */
static bool is_in(const char *text, const struct rec_cgroup *g)
{
	char *copy = text ? xstrdup(text) : NULL, *rest = copy;
	char *hierarchy, *path;
	bool in = false;

	while (rest && next_group(&rest, &hierarchy, &path))
		in |= !strcmp(hierarchy, g->hierarchy ? g->hierarchy : "") &&
		      !strcmp(path, g->path);
	free(copy);
	return in;
}

static int enter(pid_t pid, const struct rec_cgroup *g)
{
	char *mount = mount_of(g->hierarchy ? g->hierarchy : ""), *file;
	int fd, n, rc = -1;
	char text[16];

	if (!mount || climbs(g->path)) {
		free(mount);
		errno = ENOENT;
		return -1;
	}
	file = xasprintf("%s%s/cgroup.procs", mount, g->path);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = snprintf(text, sizeof(text), "%d", pid);
		rc = write(fd, text, n) == n ? 0 : -1;
		close(fd);
	}
	free(file);
	free(mount);
	return rc;
}

/* The scope of a login session or of a service manager is never another's. */
static bool is_scope(const char *path)
{
	size_t n = strlen(path);

	return n > 6 && !strcmp(path + n - 6, ".scope");
}

static bool is_told(const struct restore *r, const char *path)
{
	list_each(&r->warnings, char *, w)
		if (strstr(*w, "control group") && strstr(*w, path))
			return true;
	return false;
}

static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	const struct rec_cgroups *rec = image_find(&r->image, RECORD_CGROUPS,
						   p->rec->pid);
	char *text = rec ? groups_of(p->pid) : NULL;

	(void)f;
	for (size_t i = 0; rec && i < rec->groups.n; i++) {
		const struct rec_cgroup *g =
			list_at(&rec->groups, struct rec_cgroup, i);

		if (is_in(text, g) || enter(p->pid, g) == 0 ||
		    is_scope(g->path) || is_told(r, g->path))
			continue;
		warning_add(r, "process %llu is not in the control group %s%s%s "
			    "here: %s", (unsigned long long)p->rec->pid,
			    g->hierarchy && *g->hierarchy ? g->hierarchy : "",
			    g->hierarchy && *g->hierarchy ? ":" : "", g->path,
			    strerror(errno));
	}
	free(text);
	return 0;
}

const struct kind kind_cgroups = {
	.type = RECORD_CGROUPS, .schema = &schema, .unique = true,
	.capture = capture, .verify = verify, .settle = settle,
};
