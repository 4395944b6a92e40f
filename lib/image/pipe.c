/* SPDX-License-Identifier: MIT */
/*
 * pipe.c - pipes and FIFOs inside the tree, with what is in them
 *
 * What was written and not yet read is copied out with tee(2), which leaves it
 * where it is.  A pipe whose other end is outside is outside.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "image/capture.h"
#include "image/mounts.h"
#include "image/restore.h"

static const struct field pipe_fields[] = {
	FIELD(struct rec_pipe, ino, FIELD_UINT),
	FIELD(struct rec_pipe, data, FIELD_BLOB, .max = 1 << 20),
	FIELD(struct rec_pipe, fifo, FIELD_TEXT),
	FIELD(struct rec_pipe, mounts, FIELD_UINT),
	FIELD(struct rec_pipe, packets, FIELD_WORDS),
	FIELD(struct rec_pipe, capacity, FIELD_UINT),
};
static const struct schema pipe_schema = SCHEMA("pipe", struct rec_pipe, pipe_fields);

static const struct field end_fields[] = {
	FIELD(struct rec_pipe_end, pipe, FIELD_UINT),
	FIELD(struct rec_pipe_end, flags, FIELD_UINT, .hex = true),
};
static const struct schema end_schema =
	SCHEMA("end of a pipe", struct rec_pipe_end, end_fields);

/* The kernel's O_LARGEFILE, which <fcntl.h> calls 0: an end that was opened
 * through a path has it, one from pipe(2) has not. */
#define OPENED		0100000
#define END_FLAGS	(O_ACCMODE | O_NONBLOCK | O_DIRECT | OPENED)

/* ---- capture ---- */

static bool claims(const struct source_fd *fd)
{
	return S_ISFIFO(fd->st.st_mode);
}

/* Through /proc a pipe can be opened once more, for reading. */
static int open_reader(struct source *s, const struct source_fd *fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->via, fd->fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* In packet mode each read gives one packet, from the copy as well. */
static ssize_t read_copy(int fd, struct rec_pipe *rec, size_t waiting)
{
	size_t done = 0;
	bool packets = false;

	while (done < waiting) {
		ssize_t n = read(fd, rec->data.data + done, waiting - done);

		if (n <= 0)
			return -1;
		*(uint64_t *)list_add(&rec->packets, sizeof(uint64_t)) = n;
		packets |= done + n < waiting;
		done += n;
	}
	if (!packets)
		list_free(&rec->packets);
	return done;
}

/* All that is in the pipe behind @fd, left in it. */
static int copy_content(int fd, struct rec_pipe *rec)
{
	struct blob *data = &rec->data;
	int copy[2], waiting = 0;
	ssize_t n;

	if (ioctl(fd, FIONREAD, &waiting) < 0 || !waiting)
		return waiting ? -1 : 0;
	if (pipe2(copy, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	/* As many slots as the original: short writes use one each. */
	fcntl(copy[0], F_SETPIPE_SZ, rec->capacity);
	data->data = xmalloc(waiting);
	n = tee(fd, copy[1], waiting, SPLICE_F_NONBLOCK);
	if (n > 0)
		n = read_copy(copy[0], rec, n);
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
	if (rec->fifo)
		rec->mounts = mounts_id(mounts_of_id(c, fd->info.mnt_id));
	reader = open_reader(s, fd);
	if (reader < 0) {
		fail_errno(f, 0, "cannot look into %s of process %d", fd->link,
			   s->pid);
		return 0;
	}
	rec->capacity = fcntl(reader, F_GETPIPE_SZ);
	if (copy_content(reader, rec) < 0) {
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
	rec->flags = fd->info.flags & END_FLAGS;
	return 0;
}

const struct fd_kind fd_kind_pipe = {
	.flies = true, .claims = claims, .capture = capture,
};

/* ---- restore ---- */

/* O_DIRECT: what is in it is exactly that many writes. */
static bool packets_sound(const struct rec_pipe *p)
{
	size_t left = p->data.len;

	list_each(&p->packets, uint64_t, len) {
		if (!*len || *len > PIPE_BUF || *len > left)
			return false;
		left -= *len;
	}
	return !p->packets.n || !left;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PIPE_END, struct rec_pipe_end, end)
		if (!image_find(&r->image, RECORD_PIPE, end->pipe))
			return fail(f, STATUS_STREAM, "descriptor %llu is an end "
				    "of a pipe that the stream does not have",
				    (unsigned long long)end_r->id);
	image_each(&r->image, RECORD_PIPE, struct rec_pipe, p) {
		struct stat st;
		char *fifo;

		if (!packets_sound(p) || !mounts_known(r, p->mounts) ||
		    (p->mounts && p->fifo && p->fifo[0] != '/'))
			return fail(f, STATUS_STREAM, "what waits in pipe %llu "
				    "is not sound",
				    (unsigned long long)p_r->id);
		if (!p->fifo)
			continue;
		fifo = mounts_here(r, p->mounts, p->fifo);
		if (stat(fifo, &st) < 0 || !S_ISFIFO(st.st_mode))
			differs_add(r, "the FIFO %s is not here", p->fifo);
		free(fifo);
	}
	return 0;
}

/*
 * A pipe in the making: a description of both ends, so that whatever is opened
 * or closed finds a peer, and the two from pipe(2), if they are still free.
 */
struct making {
	int both, ends[2];
};

static int make(const struct restore *r, struct making *m,
		const struct rec_pipe *p)
{
	char path[64], *fifo;

	*m = (struct making){ -1, { -1, -1 } };
	if (p->fifo) {
		fifo = mounts_here(r, p->mounts, p->fifo);
		m->both = open(fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		free(fifo);
		return m->both;
	}
	if (pipe2(m->ends, O_CLOEXEC) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->ends[0]);
	m->both = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return m->both;
}

static void made(struct making *m)
{
	if (m->both >= 0)
		close(m->both);
	for (int i = 0; i < 2; i++)
		if (m->ends[i] >= 0)
			close(m->ends[i]);
}

static int set_capacity(struct restore *r, const struct rec_pipe *p, int fd,
			const char *name, struct failure *f)
{
	if (!p->capacity || fcntl(fd, F_GETPIPE_SZ) == (int)p->capacity ||
	    fcntl(fd, F_SETPIPE_SZ, (int)p->capacity) >= 0)
		return 0;
	if (p->data.len > (size_t)fcntl(fd, F_GETPIPE_SZ))
		return fail_errno(f, 0, "cannot give %s its %llu bytes", name,
				  (unsigned long long)p->capacity);
	warning_add(r, "%s could not be given its %llu bytes of room", name,
		    (unsigned long long)p->capacity);
	return 0;
}

static int fill_part(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return -1;
		data += n;
		len -= n;
	}
	return 0;
}

static int fill_packets(int fd, const struct rec_pipe *p)
{
	size_t done = 0;

	if (!p->packets.n)
		return fill_part(fd, p->data.data, p->data.len);
	fcntl(fd, F_SETFL, O_NONBLOCK | O_DIRECT);
	list_each(&p->packets, uint64_t, n) {
		if (*n > p->data.len - done || !*n) {
			errno = EINVAL;
			return -1;
		}
		if (fill_part(fd, p->data.data + done, *n) < 0)
			return -1;
		done += *n;
	}
	return 0;
}

static int fill(struct restore *r, const struct rec_pipe *p, int fd,
		struct failure *f)
{
	const char *name = p->fifo ? p->fifo : "a pipe";
	int waiting = 0;

	if (set_capacity(r, p, fd, name, f) < 0)
		return -1;
	/* Does a FIFO at the same place still hold it?  Then it is the same
	 * machine, and the source has not been ended. */
	if (p->fifo && ioctl(fd, FIONREAD, &waiting) == 0 && waiting)
		return waiting == (int)p->data.len ? 0 :
			fail(f, STATUS_DIFFERS, "the FIFO %s has other data in "
			     "it here", p->fifo);
	if (fill_packets(fd, p) < 0)
		return fail_errno(f, 0, "cannot fill %s", name);
	return 0;
}

/* One from pipe(2) itself if it is one, else another opening of the pipe. */
static int open_end(struct restore *r, struct making *m, uint64_t id,
		    const struct rec_pipe_end *end, struct failure *f)
{
	uint32_t mode = end->flags & O_ACCMODE;
	char path[64];
	int *own = &m->ends[mode == O_WRONLY], fd;

	if (mode != O_RDWR && !(end->flags & OPENED) && *own >= 0) {
		fd = *own;
		*own = -1;
		fcntl(fd, F_SETFL, end->flags & (O_NONBLOCK | O_DIRECT));
		return opened_add(r, &r->opened, id, fd, f);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m->both);
	fd = open(path, (end->flags & ~(OPENED | O_DIRECT)) | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, 0, "cannot open an end of a pipe");
	if (end->flags & O_DIRECT)
		fcntl(fd, F_SETFL, end->flags & (O_NONBLOCK | O_DIRECT));
	return opened_add(r, &r->opened, id, fd, f);
}

/* What was only for the making goes when all ends have been opened: what the
 * tree had closed is then closed here. */
static int prepare_one(struct restore *r, uint64_t id, const struct rec_pipe *p,
		       struct failure *f)
{
	struct making m;
	int rc;

	if (make(r, &m, p) < 0) {
		made(&m);
		return fail_errno(f, 0, "cannot make %s",
				  p->fifo ? p->fifo : "a pipe");
	}
	rc = fill(r, p, m.both, f);
	image_each(&r->image, RECORD_PIPE_END, struct rec_pipe_end, end)
		if (rc == 0 && end->pipe == id)
			rc = open_end(r, &m, end_r->id, end, f);
	made(&m);
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
	.open = true,
};
