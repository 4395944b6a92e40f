/* SPDX-License-Identifier: MIT */
/*
 * inotify.c - files and directories that are watched: inotify(7)
 *
 * Watches are made again by path, each under its number, as late as can be: what
 * the restore itself does to files is nobody's business.  What has happened and
 * was not read yet cannot be put back by anybody, so a program must have read
 * it; that is waited for a while.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/anon.h"
#include "image/say.h"
#include "image/watched.h"

static const struct field mark_fields[] = {
	FIELD(struct rec_mark, wd, FIELD_UINT),
	FIELD(struct rec_mark, kind, FIELD_UINT),
	FIELD(struct rec_mark, mask, FIELD_UINT, .hex = true),
	FIELD(struct rec_mark, mode, FIELD_UINT),
	FIELD(struct rec_mark, path, FIELD_TEXT),
	FIELD(struct rec_mark, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_mark, ignored, FIELD_UINT, .hex = true),
};
const struct schema mark_schema = SCHEMA("mark", struct rec_mark, mark_fields);

static const struct field fields[] = {
	FIELD(struct rec_inotify, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_inotify, marks, FIELD_STRUCTS, .max = 65536,
	      .sub = &mark_schema),
};
static const struct schema schema =
	SCHEMA("inotify", struct rec_inotify, fields);

#define MASK	(IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT)
/* Of a kernel with CONFIG_CHECKPOINT_RESTORE. */
#define SET_NEXT	_IOW('I', 0, int32_t)

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "inotify");
}

/* The next line of a watch; NULL at the end. */
static const char *next_line(const char *text, const char *key)
{
	size_t n = strlen(key);

	while (text && *text && strncmp(text, key, n)) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return text && *text ? text : NULL;
}

/* Bytes that wait to be read; -1 and failure. */
int marks_unread(const struct source *s, int fd, struct failure *f)
{
	int copy = anon_take(s, fd, f), n = 0;

	if (copy < 0)
		return -1;
	ioctl(copy, FIONREAD, &n);
	close(copy);
	return n;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	const char *line = fd->info.text;
	int unread = marks_unread(s, fd->fd, f);
	struct watched w;

	if (unread < 0)
		return -1;
	if (unread) {
		c->passing = true;
		obstacle_add(c, s, "try again when it has read them", "has not "
			     "read yet what inotify told it (descriptor %d)",
			     fd->fd);
	}
	for (; (line = next_line(line, "inotify wd:")); line++) {
		char *path = watched_read(line, &w) ? watched_path(s, &w) : NULL;

		if (!path)
			obstacle_add(c, s, w.handle_len && geteuid() == 0 ? NULL :
				     "root may be able to find it", "watches by "
				     "inotify (descriptor %d, watch %ld) a file "
				     "whose path cannot be found (inode %llu of "
				     "device %u:%u)", fd->fd,
				     strtol(line + 11, NULL, 16),
				     (unsigned long long)w.ino, w.major, w.minor);
		free(path);
	}
	return 0;
}

static void set_mode(struct rec_mark *m)
{
	struct stat st;

	if (lstat(m->path, &st) == 0)
		m->mode = st.st_mode & S_IFMT;
}

static int by_number(const void *a, const void *b)
{
	const struct rec_mark *x = a, *y = b;

	return x->wd < y->wd ? -1 : x->wd > y->wd;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_inotify *rec = image_add(&c->image, RECORD_INOTIFY, id);
	const char *line = fd->info.text, *mask;

	rec->flags = fd->info.flags & ANON_FLAGS;
	for (; (line = next_line(line, "inotify wd:")); line++) {
		struct rec_mark *m = list_add(&rec->marks, sizeof(*m));
		struct watched w;

		m->wd = strtoul(line + 11, NULL, 16);
		mask = strstr(line, " mask:");
		m->mask = mask ? strtoul(mask + 6, NULL, 16) & MASK : 0;
		m->path = watched_read(line, &w) ? watched_path(s, &w) : NULL;
		if (!m->path)
			return fail(f, STATUS_OBSTACLE, "process %d watches a "
				    "file whose path cannot be found "
				    "(descriptor %d)", s->pid, fd->fd);
		set_mode(m);
	}
	list_sort(&rec->marks, sizeof(struct rec_mark),
	      by_number);
	return 0;
}

const struct fd_kind fd_kind_inotify = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

bool mark_is_here(struct restore *r, const struct rec_mark *m)
{
	struct stat st;

	if (lstat(m->path, &st) < 0)
		differs_add(r, "%s, which the program watches, is not here: copy "
			    "it here, or lead elsewhere with --map", m->path);
	else if (m->mode && (st.st_mode & S_IFMT) != m->mode)
		differs_add(r, "%s, which the program watches, is not the kind "
			    "of file it was", m->path);
	else
		return true;
	return false;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_INOTIFY, struct rec_inotify, rec) {
		bool sound = !(rec->flags & ~ANON_FLAGS);
		uint64_t last = 0;

		list_each(&rec->marks, struct rec_mark, m) {
			sound &= m->wd > last && m->wd <= INT32_MAX &&
				 m->mask && !(m->mask & ~MASK) && m->path &&
				 m->path[0] == '/';
			last = m->wd;
			if (sound)
				mark_is_here(r, m);
		}
		if (!sound)
			return fail(f, STATUS_STREAM, "inotify %llu is not sound",
				    (unsigned long long)rec_r->id);
	}
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_INOTIFY, struct rec_inotify, rec) {
		int fd = inotify_init1(IN_CLOEXEC);

		if (fd < 0)
			return fail_errno(f, 0, "cannot make an inotify "
					  "descriptor");
		if (anon_opened(r, rec_r->id, fd, rec->flags, f) < 0)
			return -1;
	}
	return 0;
}

static int add(int fd, const struct rec_mark *m)
{
	return inotify_add_watch(fd, m->path, m->mask | IN_DONT_FOLLOW);
}

/* Without the kernel's help numbers are used up one by one; each end of a watch
 * is told, to us. */
static int use_up(int fd, const struct rec_mark *m)
{
	char told[4096];
	int wd, unread;

	while ((wd = add(fd, m)) >= 0 && (uint32_t)wd < m->wd)
		inotify_rm_watch(fd, wd);
	while (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0)
		if (read(fd, told, sizeof(told)) <= 0)
			break;
	return wd;
}

static int add_mark(int fd, const struct rec_mark *m, struct failure *f)
{
	int32_t next = m->wd;
	int wd = ioctl(fd, SET_NEXT, next) < 0 ? use_up(fd, m) : add(fd, m);

	if (wd < 0)
		return fail_errno(f, STATUS_DIFFERS, "cannot watch %s", m->path);
	if ((uint32_t)wd != m->wd)
		return fail(f, STATUS_DIFFERS, "the watch of %s is %d here, not "
			    "%u: it is the same file as another one that is "
			    "watched", m->path, wd, m->wd);
	return 0;
}

/* Once, as late as can be. */
static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	if (p->parent || m != puppet_last_caller(p))
		return 0;
	image_each(&r->image, RECORD_INOTIFY, struct rec_inotify, rec)
		list_each(&rec->marks, struct rec_mark, mark)
			if (add_mark(opened_find(&r->opened, rec_r->id), mark,
				     f) < 0)
				return -1;
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_inotify *i = rec;
	const char *sep = " of ";

	fputs("inotify", to);
	list_each(&i->marks, struct rec_mark, m) {
		fputs(sep, to);
		put_text(to, m->path);
		sep = ", ";
	}
}

const struct kind kind_inotify = {
	.type = RECORD_INOTIFY, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .prepare = prepare, .thread = thread,
	.describe = describe,
};
