/* SPDX-License-Identifier: MIT */
/*
 * signalfd.c - signals to be read: signalfd(2)
 *
 * It has a mask and nothing else: who reads it gets his own pending signals,
 * which signals.c keeps.
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/anon.h"
#include "image/say.h"

static const struct field fields[] = {
	FIELD(struct rec_signalfd, mask, FIELD_UINT, .hex = true),
	FIELD(struct rec_signalfd, flags, FIELD_UINT, .hex = true),
};
static const struct schema schema =
	SCHEMA("signalfd", struct rec_signalfd, fields);

static bool claims(const struct source_fd *fd)
{
	return anon_is(fd, "[signalfd]");
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_signalfd *rec = image_add(&c->image, RECORD_SIGNALFD, id);

	rec->flags = fd->info.flags & ANON_FLAGS;
	if (!anon_value(&fd->info, "sigmask:", 16, &rec->mask))
		return fail(f, STATUS_OBSTACLE, "the signals of a signalfd of "
			    "process %d (descriptor %d) are not told here",
			    s->pid, fd->fd);
	return 0;
}

const struct fd_kind fd_kind_signalfd = {
	.flies = true, .claims = claims, .capture = capture,
};

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_SIGNALFD, struct rec_signalfd, s)
		if (s->flags & ~ANON_FLAGS)
			return fail(f, STATUS_STREAM, "signalfd %llu is not sound",
				    (unsigned long long)s_r->id);
	return 0;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_SIGNALFD, struct rec_signalfd, s) {
		int fd = syscall(SYS_signalfd4, -1, &s->mask, sizeof(s->mask),
				 O_CLOEXEC);

		if (fd < 0)
			return fail_errno(f, 0, "cannot make a signalfd");
		if (anon_opened(r, s_r->id, fd, s->flags, f) < 0)
			return -1;
	}
	return 0;
}

static void describe(FILE *to, const void *rec)
{
	const struct rec_signalfd *s = rec;
	const char *sep = " of ";

	fputs("signalfd", to);
	for (uint32_t sig = 1; sig <= 64; sig++) {
		if (!(s->mask >> (sig - 1) & 1))
			continue;
		fputs(sep, to);
		put_signal(to, sig);
		sep = ", ";
	}
}

const struct kind kind_signalfd = {
	.type = RECORD_SIGNALFD, .schema = &schema, .unique = true,
	.open = true,
	.verify = verify, .prepare = prepare, .describe = describe,
};
