/* SPDX-License-Identifier: MIT */
/*
 * eventfd.c - counters to wait for: eventfd(2)
 *
 * The count is in fdinfo, and so is, since Linux 6.5, whether reads take one or
 * all (EFD_SEMAPHORE).  Before that it is tried out, on a copy of the
 * descriptor, and put back; the tree is frozen then.
 */
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "image/anon.h"

static const struct field fields[] = {
	FIELD(struct rec_eventfd, count, FIELD_UINT),
	FIELD(struct rec_eventfd, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_eventfd, semaphore, FIELD_BOOL),
};
static const struct schema schema =
	SCHEMA("eventfd", struct rec_eventfd, fields);

#define COUNT_MAX	(UINT64_MAX - 1)	/* that write(2) can bring about */

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "[eventfd]");
}

/* Only the kernel itself counts so far, and nobody can count it back. */
static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	uint64_t count;

	(void)f;
	if (!anon_value(&fd->info, "eventfd-count:", 16, &count))
		obstacle_add(c, s, "a kernel with /proc/PID/fdinfo of eventfds "
			     "can", "has an eventfd whose count is not told "
			     "here (descriptor %d)", fd->fd);
	else if (count > COUNT_MAX)
		obstacle_add(c, s, "try again when it has read it",
			     "has an eventfd that has overflowed (descriptor "
			     "%d)", fd->fd);
	return 0;
}

static int add(int fd, uint64_t n)
{
	return n && write(fd, &n, sizeof(n)) < 0 ? -1 : 0;
}

/* Of two or more a semaphore gives one, any other eventfd all. */
static int try_out(int fd, uint64_t count, bool *semaphore)
{
	uint64_t got;

	if ((count < 2 && add(fd, 2) < 0) || read(fd, &got, sizeof(got)) < 0)
		return -1;
	*semaphore = got == 1;
	if (!*semaphore)
		return add(fd, count);
	if (count >= 2)
		return add(fd, 1);
	return read(fd, &got, sizeof(got)) < 0 ? -1 : 0;
}

static int is_semaphore(struct source *s, const struct source_fd *fd,
			uint64_t count, bool *semaphore, struct failure *f)
{
	uint64_t told;
	int copy, rc;

	if (anon_value(&fd->info, "eventfd-semaphore:", 10, &told)) {
		*semaphore = told;
		return 0;
	}
	copy = anon_take(s, fd->fd, f);
	if (copy < 0)
		return -1;
	rc = try_out(copy, count, semaphore);
	if (rc < 0)
		fail_errno(f, 0, "cannot find out about an eventfd of process "
			   "%d (descriptor %d)", s->pid, fd->fd);
	close(copy);
	return rc;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_eventfd *rec = image_add(&c->image, RECORD_EVENTFD, id);

	anon_value(&fd->info, "eventfd-count:", 16, &rec->count);
	rec->flags = fd->info.flags & ANON_FLAGS;
	return is_semaphore(s, fd, rec->count, &rec->semaphore, f);
}

const struct fd_kind fd_kind_eventfd = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_EVENTFD, struct rec_eventfd, e)
		if (e->count > COUNT_MAX || e->flags & ~ANON_FLAGS)
			return fail(f, STATUS_STREAM, "eventfd %llu is not sound",
				    (unsigned long long)e_r->id);
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_EVENTFD, struct rec_eventfd, e) {
		int fd = eventfd(0, EFD_CLOEXEC |
				 (e->semaphore ? EFD_SEMAPHORE : 0));

		if (fd < 0 || add(fd, e->count) < 0) {
			fail_errno(f, 0, "cannot make an eventfd");
			if (fd >= 0)
				close(fd);
			return -1;
		}
		if (anon_opened(r, e_r->id, fd, e->flags, f) < 0)
			return -1;
	}
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_eventfd *e = rec;

	fprintf(to, "eventfd of %llu%s", (unsigned long long)e->count,
		e->semaphore ? ", a semaphore" : "");
}

const struct kind kind_eventfd = {
	.type = RECORD_EVENTFD, .schema = &schema, .unique = true, .open = true,
	.verify = verify, .prepare = prepare, .describe = describe,
};
