/* SPDX-License-Identifier: MIT */
/*
 * fanotify.c - files, mounts and file systems that are watched: fanotify(7)
 *
 * Groups that only hear of accesses move like inotify: marks are made again by
 * path, as late as can be, and what was not read yet is waited for.  A group
 * that decides about accesses would have everybody else, this program too, wait
 * for a decision while it is frozen, so it is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/anon.h"
#include "image/say.h"
#include "image/watched.h"

static const struct field fields[] = {
	FIELD(struct rec_fanotify, init, FIELD_UINT, .hex = true),
	FIELD(struct rec_fanotify, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_fanotify, marks, FIELD_STRUCTS, .max = 65536,
	      .sub = &mark_schema),
	FIELD(struct rec_fanotify, event_flags, FIELD_UINT, .hex = true),
};
static const struct schema schema =
	SCHEMA("fanotify", struct rec_fanotify, fields);

/* Of newer kernels than the headers. */
#define CLASSES		(FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT)
#define MARK_EVICTABLE	0x200
#define MARK_IGNORE	0x400
#define MARK_FLAGS	(FAN_MARK_IGNORED_SURV_MODIFY | MARK_EVICTABLE |	\
			 MARK_IGNORE)

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "[fanotify]");
}

static bool number_in(const char *line, const char *key, int base,
		      uint32_t *value)
{
	const char *end = strchrnul(line, '\n'), *at = strstr(line, key);

	if (!at || at >= end)
		return false;
	*value = strtoul(at + strlen(key), NULL, base);
	return true;
}

/* "fanotify ino:.. sdev:..", "fanotify mnt_id:..", "fanotify sdev:..", each with
 * mflags, mask and ignored_mask; false if it is none of them. */
static bool read_mark(const struct source *s, const char *line,
		      struct rec_mark *m)
{
	struct watched w = { 0 };
	uint32_t mount;

	*m = (struct rec_mark){ 0 };
	if (!number_in(line, " mask:", 16, &m->mask))
		return false;
	number_in(line, " ignored_mask:", 16, &m->ignored);
	number_in(line, " mflags:", 16, &m->flags);
	if (number_in(line, " mnt_id:", 16, &mount)) {
		m->kind = MARK_MOUNT;
		m->path = mount_path(s, &w, mount);
	} else if (watched_read(line, &w)) {
		m->kind = MARK_INODE;
		m->path = watched_path(s, &w);
	} else if (strstr(line, " sdev:") &&
		   strstr(line, " sdev:") < strchrnul(line, '\n')) {
		m->kind = MARK_FILESYSTEM;
		m->path = mount_path(s, &w, 0);
	}
	return true;
}

static const char *next_line(const char *line)
{
	while (line && *line && strncmp(line, "fanotify ", 9)) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return line && *line ? line : NULL;
}

/* The first line tells of the group: "fanotify flags:0 event-flags:8000". */
static bool read_group(const struct source_fd *fd, uint32_t *init,
		       uint32_t *event_flags)
{
	const char *line = next_line(fd->info.text);

	return line && number_in(line, "fanotify flags:", 16, init) &&
	       number_in(line, " event-flags:", 16, event_flags);
}

static void check_marks(struct capture *c, struct source *s,
			const struct source_fd *fd)
{
	struct rec_mark m;

	for (const char *line = fd->info.text; (line = next_line(line)); line++) {
		if (!read_mark(s, line, &m))
			continue;
		if (!m.path)
			obstacle_add(c, s, NULL, "watches by fanotify (descriptor "
				     "%d) something whose path cannot be found",
				     fd->fd);
		else if (m.flags & ~MARK_FLAGS)
			obstacle_add(c, s, NULL, "watches %s by fanotify "
				     "(descriptor %d) in a way that is not known "
				     "(0x%x)", m.path, fd->fd, m.flags);
		free(m.path);
	}
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	uint32_t init, event_flags;
	int unread;

	if (!read_group(fd, &init, &event_flags)) {
		obstacle_add(c, s, NULL, "has a fanotify descriptor that nothing "
			     "is told of here (descriptor %d)", fd->fd);
		return 0;
	}
	if (init & CLASSES) {
		obstacle_add(c, s, "end its watch first", "decides by fanotify "
			     "what others may access (descriptor %d); all of "
			     "them would wait while it is moved", fd->fd);
		return 0;
	}
	unread = marks_unread(s, fd->fd, f);
	if (unread < 0)
		return -1;
	if (unread) {
		c->passing = true;
		obstacle_add(c, s, "try again when it has read them", "has not "
			     "read yet what fanotify told it (descriptor %d)",
			     fd->fd);
	}
	check_marks(c, s, fd);
	return 0;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_fanotify *rec = image_add(&c->image, RECORD_FANOTIFY, id);
	struct rec_mark m;
	struct stat st;

	rec->flags = fd->info.flags & ANON_FLAGS;
	read_group(fd, &rec->init, &rec->event_flags);
	for (const char *line = fd->info.text; (line = next_line(line)); line++) {
		if (!read_mark(s, line, &m))
			continue;
		if (!m.path)
			return fail(f, STATUS_OBSTACLE, "process %d watches "
				    "something whose path cannot be found "
				    "(descriptor %d)", s->pid, fd->fd);
		if (lstat(m.path, &st) == 0)
			m.mode = st.st_mode & S_IFMT;
		*(struct rec_mark *)list_add(&rec->marks, sizeof(m)) = m;
	}
	return 0;
}

const struct fd_kind fd_kind_fanotify = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_FANOTIFY, struct rec_fanotify, rec) {
		bool sound = !(rec->flags & ~ANON_FLAGS) &&
			     !(rec->init & CLASSES);

		list_each(&rec->marks, struct rec_mark, m) {
			sound &= m->kind <= MARK_FILESYSTEM && m->path &&
				 m->path[0] == '/' && !(m->flags & ~MARK_FLAGS);
			if (sound)
				mark_is_here(r, m);
		}
		if (!sound)
			return fail(f, STATUS_STREAM, "fanotify %llu is not sound",
				    (unsigned long long)rec_r->id);
	}
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_FANOTIFY, struct rec_fanotify, rec) {
		/* It remembers whether it was to be FAN_CLOEXEC. */
		int fd = fanotify_init(rec->init, rec->event_flags);

		if (fd < 0)
			return fail_errno(f, errno == EINVAL ? STATUS_DIFFERS :
					  0, "cannot make a fanotify descriptor");
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (anon_opened(r, rec_r->id, fd, rec->flags, f) < 0)
			return -1;
	}
	return 0;
}

static int add(int fd, const struct rec_mark *m, uint32_t how, uint64_t mask)
{
	static const uint32_t kinds_of[] = {
		FAN_MARK_INODE, FAN_MARK_MOUNT, FAN_MARK_FILESYSTEM,
	};

	if (!mask)
		return 0;
	return fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW |
			     kinds_of[m->kind] | how, mask, AT_FDCWD, m->path);
}

static int add_mark(int fd, const struct rec_mark *m, struct failure *f)
{
	uint32_t ignore = m->flags & MARK_IGNORE ? MARK_IGNORE :
			  FAN_MARK_IGNORED_MASK;
	uint32_t survives = m->flags & FAN_MARK_IGNORED_SURV_MODIFY;

	if (add(fd, m, m->flags & MARK_EVICTABLE, m->mask) < 0 ||
	    add(fd, m, ignore | survives | (m->flags & MARK_EVICTABLE),
		m->ignored) < 0)
		return fail_errno(f, STATUS_DIFFERS, "cannot watch %s by "
				  "fanotify", m->path);
	return 0;
}

/* Once, as late as can be. */
static int thread(struct restore *r, struct puppet *p, struct member *m,
		  struct failure *f)
{
	if (p->parent || m != puppet_last_caller(p))
		return 0;
	image_each(&r->image, RECORD_FANOTIFY, struct rec_fanotify, rec)
		list_each(&rec->marks, struct rec_mark, mark)
			if (add_mark(opened_find(&r->opened, rec_r->id), mark,
				     f) < 0)
				return -1;
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	static const char *const what[] = { "", "mount ", "file system " };
	const struct rec_fanotify *g = rec;
	const char *sep = " of ";

	fputs("fanotify", to);
	list_each(&g->marks, struct rec_mark, m) {
		fprintf(to, "%s%s", sep, m->kind < 3 ? what[m->kind] : "");
		put_text(to, m->path);
		sep = ", ";
	}
}

const struct kind kind_fanotify = {
	.type = RECORD_FANOTIFY, .schema = &schema, .unique = true,
	.open = true,
	.verify = verify, .prepare = prepare, .thread = thread,
	.describe = describe,
};
