/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - pipes and FIFOs inside the tree, with what is in them
 *
 * What was written and not yet read is copied out with tee(2), which leaves it
 * where it is.  A pipe whose other end is outside is outside.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "image/capture.h"
#include "image/restore.h"

static const struct field pipe_fields[] = {
	FIELD(struct rec_pipe, ino, FIELD_UINT),
	FIELD(struct rec_pipe, data, FIELD_BLOB, .max = 1 << 20),
	FIELD(struct rec_pipe, fifo, FIELD_TEXT),
	FIELD(struct rec_pipe, capacity, FIELD_UINT),
};
static const struct schema pipe_schema = SCHEMA("pipe", struct rec_pipe, pipe_fields);

static const struct field end_fields[] = {
	FIELD(struct rec_pipe_end, pipe, FIELD_UINT),
	FIELD(struct rec_pipe_end, flags, FIELD_UINT, .hex = true),
};
static const struct schema end_schema =
	SCHEMA("end of a pipe", struct rec_pipe_end, end_fields);

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return S_ISFIFO(fd->st.st_mode);
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	(void)f;
	if (fd->info.flags & O_DIRECT)
		obstacle_add(c, s, NULL, "has a pipe in packet mode (%s, "
			     "descriptor %d)", fd->link, fd->fd);
	return 0;
}

/* Through /proc a pipe can be opened once more, for reading. */
static int open_reader(struct source *s, const struct source_fd *fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->pid, fd->fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* All that is in the pipe behind @fd, left in it. */
static int copy_content(int fd, uint64_t capacity, struct blob *data)
{
	int copy[2], waiting = 0;
	ssize_t n;

	if (ioctl(fd, FIONREAD, &waiting) < 0 || !waiting)
		return waiting ? -1 : 0;
	if (pipe2(copy, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	/* As many slots as the original: short writes use one each. */
	fcntl(copy[0], F_SETPIPE_SZ, capacity);
	data->data = xmalloc(waiting);
	n = tee(fd, copy[1], waiting, SPLICE_F_NONBLOCK);
	if (n > 0)
		n = read_full(copy[0], data->data, n);
	close(copy[0]);
	close(copy[1]);
	data->len = n > 0 ? n : 0;
	return n == waiting ? 0 : -1;
}

static uint64_t pipe_of(struct capture *c, struct source *s,
			const struct source_fd *fd, struct failure *f)
{
	struct rec_pipe *rec;
	uint64_t id = 1;
	int reader;

	image_each(&c->image, RECORD_PIPE, struct rec_pipe, known) {
		if (known->ino == fd->st.st_ino)
			return known_r->id;
		id = known_r->id + 1;
	}
	rec = image_add(&c->image, RECORD_PIPE, id);
	rec->ino = fd->st.st_ino;
	if (fd->link[0] == '/')
		rec->fifo = xstrdup(fd->link);
	reader = open_reader(s, fd);
	if (reader < 0) {
		fail_errno(f, 0, "cannot look into %s of process %d", fd->link,
			   s->pid);
		return 0;
	}
	rec->capacity = fcntl(reader, F_GETPIPE_SZ);
	if (copy_content(reader, rec->capacity, &rec->data) < 0) {
		fail(f, STATUS_OBSTACLE, "cannot copy what is in %s of process "
		     "%d", fd->link, s->pid);
		id = 0;
	}
	close(reader);
	return id;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_pipe_end *rec;
	uint64_t pipe_id = pipe_of(c, s, fd, f);

	if (!pipe_id)
		return -1;
	rec = image_add(&c->image, RECORD_PIPE_END, id);
	rec->pipe = pipe_id;
	rec->flags = fd->info.flags & (O_ACCMODE | O_NONBLOCK);
	return 0;
}

const struct fd_kind fd_kind_pipe = {
	.claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PIPE_END, struct rec_pipe_end, end)
		if (!image_find(&r->image, RECORD_PIPE, end->pipe))
			return fail(f, STATUS_STREAM, "descriptor %llu is an end "
				    "of a pipe that the stream does not have",
				    (unsigned long long)end_r->id);
	image_each(&r->image, RECORD_PIPE, struct rec_pipe, p) {
		struct stat st;

		if (p->fifo && (stat(p->fifo, &st) < 0 || !S_ISFIFO(st.st_mode)))
			differs_add(r, "the FIFO %s is not here", p->fifo);
	}
	return 0;
}

/* Both ends in one description: whatever else is opened finds a peer. */
static int make(const struct rec_pipe *p)
{
	char path[64];
	int ends[2], both;

	if (p->fifo)
		return open(p->fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	both = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	close(ends[0]);
	close(ends[1]);
	return both;
}

static int fill(struct restore *r, const struct rec_pipe *p, int both,
		struct failure *f)
{
	const char *name = p->fifo ? p->fifo : "a pipe";
	size_t done = 0;

	if (p->capacity &&
	    fcntl(both, F_GETPIPE_SZ) != (int)p->capacity &&
	    fcntl(both, F_SETPIPE_SZ, (int)p->capacity) < 0) {
		if (p->data.len > (size_t)fcntl(both, F_GETPIPE_SZ))
			return fail_errno(f, 0, "cannot give %s its %llu bytes",
					  name, (unsigned long long)p->capacity);
		warning_add(r, "%s could not be given its %llu bytes of room",
			    name, (unsigned long long)p->capacity);
	}
	/* Does a FIFO at the same place still hold it?  Then it is the same
	 * machine, and the source has not been ended. */
	if (p->fifo) {
		int waiting = 0;

		if (ioctl(both, FIONREAD, &waiting) == 0 && waiting)
			return waiting == (int)p->data.len ? 0 :
				fail(f, STATUS_DIFFERS, "the FIFO %s has other "
				     "data in it here", p->fifo);
	}
	while (done < p->data.len) {
		ssize_t n = write(both, p->data.data + done, p->data.len - done);

		if (n < 0)
			return fail_errno(f, 0, "cannot fill %s", name);
		done += n;
	}
	return 0;
}

static int open_end(struct restore *r, uint64_t id,
		    const struct rec_pipe_end *end, int both, struct failure *f)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", both);
	fd = open(path, end->flags | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, 0, "cannot open an end of a pipe");
	return opened_add(r, &r->opened, id, fd, f);
}

/* The description of both ends goes when all ends have been opened: what the
 * tree had closed is then closed here. */
static int prepare_one(struct restore *r, uint64_t id, const struct rec_pipe *p,
		       struct failure *f)
{
	int both = make(p), rc;

	if (both < 0)
		return fail_errno(f, 0, "cannot make %s",
				  p->fifo ? p->fifo : "a pipe");
	rc = fill(r, p, both, f);
	image_each(&r->image, RECORD_PIPE_END, struct rec_pipe_end, end)
		if (rc == 0 && end->pipe == id)
			rc = open_end(r, end_r->id, end, both, f);
	close(both);
	return rc;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PIPE, struct rec_pipe, p)
		if (prepare_one(r, p_r->id, p, f) < 0)
			return -1;
	return 0;
}

const struct kind kind_pipe = {
	.type = RECORD_PIPE, .schema = &pipe_schema, .unique = true,
	.verify = verify, .prepare = prepare,
};

const struct kind kind_pipe_end = {
	.type = RECORD_PIPE_END, .schema = &end_schema, .unique = true,
};
