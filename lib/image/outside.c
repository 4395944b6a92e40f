/* SPDX-License-Identifier: MIT */
/*
 * outside.c - ends that lead out of the tree: the terminal, and standard
 * streams that are pipes or sockets to somebody else
 *
 * Descriptors 0, 1 and 2, and whatever else leads to the same place, become the
 * restore's own standard streams.  A controlling terminal becomes a new
 * pseudo-terminal whose other end the restore passes on (lib/job).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/inet.h"
#include "image/outside.h"
#include "image/restore.h"
#include "job/pty.h"

static const struct field terminal_fields[] = {
	FIELD(struct rec_terminal, name, FIELD_TEXT),
	FIELD(struct rec_terminal, rows, FIELD_UINT),
	FIELD(struct rec_terminal, columns, FIELD_UINT),
	FIELD(struct rec_terminal, session, FIELD_UINT),
	FIELD(struct rec_terminal, termios, FIELD_BLOB, .max = 256),
	FIELD(struct rec_terminal, foreground, FIELD_UINT),
};
static const struct schema terminal_schema =
	SCHEMA("terminal", struct rec_terminal, terminal_fields);

static const struct field outside_fields[] = {
	FIELD(struct rec_outside, fd, FIELD_UINT),
	FIELD(struct rec_outside, kind, FIELD_UINT),
	FIELD(struct rec_outside, name, FIELD_TEXT),
	FIELD(struct rec_outside, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_outside, terminal, FIELD_UINT),
};
static const struct schema outside_schema =
	SCHEMA("outside end", struct rec_outside, outside_fields);

/* ---- terminals: capture ---- */

static bool is_terminal(const struct source_fd *fd)
{
	unsigned n = major(fd->st.st_rdev);

	/* Unix98 slaves, consoles and serial lines, /dev/tty, console. */
	return S_ISCHR(fd->st.st_mode) &&
	       ((n >= 136 && n <= 143) || n == 4 ||
		fd->st.st_rdev == makedev(5, 0) ||
		fd->st.st_rdev == makedev(5, 1));
}

/* /dev/tty stands for the controlling terminal. */
static uint64_t terminal_dev(const struct source *s, const struct source_fd *fd)
{
	return fd->st.st_rdev == makedev(5, 0) ? s->stat.tty_nr :
		fd->st.st_rdev;
}

static uint64_t inner(const struct capture *c, pid_t pid)
{
	uint64_t id = pid > 0 ? capture_id(c, pid) : 0;

	return id ? id : pid > 0 ? (uint64_t)pid : 0;
}

/* Who in the tree has it as controlling terminal says what it controls. */
static void find_control(struct capture *c, uint64_t dev, uint64_t id,
			 struct rec_terminal *rec)
{
	list_each(&c->sources, struct source, s) {
		struct rec_process *p;

		if (s->zombie || s->stat.tty_nr != dev)
			continue;
		p = image_find(&c->image, RECORD_PROCESS, s->id);
		if (p)
			p->terminal = id;
		rec->session = inner(c, s->stat.session);
		rec->foreground = inner(c, s->stat.tpgid);
	}
}

static uint64_t terminal_of(struct capture *c, struct source *s,
			    const struct source_fd *fd, struct failure *f)
{
	uint64_t id = terminal_dev(s, fd);
	struct rec_terminal *rec = image_find(&c->image, RECORD_TERMINAL, id);
	struct winsize size = { 0 };
	char path[64];
	int tty;

	if (rec)
		return id;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->via, fd->fd);
	tty = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	rec = image_add(&c->image, RECORD_TERMINAL, id);
	rec->name = xstrdup(fd->link);
	rec->termios.len = TTY_STATE_LEN;
	rec->termios.data = xcalloc(1, TTY_STATE_LEN);
	/* One that has hung up has no modes any more. */
	if (tty < 0 ||
	    tty_read_state(tty, rec->termios.data, TTY_STATE_LEN, &size) < 0) {
		free(rec->termios.data);
		rec->termios = (struct blob){ 0 };
	}
	if (tty >= 0)
		close(tty);
	rec->rows = size.ws_row;
	rec->columns = size.ws_col;
	find_control(c, id, id, rec);
	(void)f;
	return id;
}

/* ---- pipes and sockets: whose is the other end ---- */

struct ends {
	bool reader, writer;	/* in the tree */
};

static void add_ends(struct ends *e, const struct source *s, uint64_t ino)
{
	list_each(&s->fds, struct source_fd, fd) {
		uint32_t mode = fd->info.flags & O_ACCMODE;

		if (!S_ISFIFO(fd->st.st_mode) || fd->st.st_ino != ino)
			continue;
		e->reader |= mode != O_WRONLY;
		e->writer |= mode != O_RDONLY;
	}
}

/* Those on their way in a socket are in the tree, too. */
static struct ends ends_in_tree(struct capture *c, uint64_t ino)
{
	const struct source *flight = unix_in_flight(c);
	struct ends e = { 0 };

	list_each(&c->sources, struct source, s)
		add_ends(&e, s, ino);
	if (flight)
		add_ends(&e, flight, ino);
	return e;
}

/* All pipes that others have, looked for once in each look at the tree: every
 * process of the machine is asked what it has open. */
static const struct list *pipes_outside(struct capture *c)
{
	bool flight = unix_in_flight(c);
	struct list pids = { 0 };

	if (c->pipes_known && c->pipes_flight == flight)
		return &c->pipes;
	list_each(&c->sources, struct source, s)
		*(pid_t *)list_add(&pids, sizeof(pid_t)) = s->pid;
	if (flight)	/* we have copies of what is in flight */
		*(pid_t *)list_add(&pids, sizeof(pid_t)) = getpid();
	list_free(&c->pipes);
	proc_pipes_outside(&pids, &c->pipes);
	list_free(&pids);
	c->pipes_known = true;
	c->pipes_flight = flight;
	return &c->pipes;
}

static bool leads_out(struct capture *c, const struct source_fd *fd)
{
	struct ends e = ends_in_tree(c, fd->st.st_ino);

	if (e.reader && e.writer)
		return false;
	list_each(pipes_outside(c), const struct proc_pipe, p)
		if (p->ino == fd->st.st_ino && p->dev == fd->st.st_dev)
			return p->ends & (e.reader ? PIPE_WRITER : PIPE_READER);
	return false;
}

/* The standard stream of any process that is this pipe or socket; -1 none. */
static int standard_stream(const struct capture *c, uint64_t ino)
{
	list_each(&c->sources, struct source, s)
		list_each(&s->fds, struct source_fd, fd)
			if (fd->fd <= 2 && fd->st.st_ino == ino &&
			    (S_ISFIFO(fd->st.st_mode) ||
			     S_ISSOCK(fd->st.st_mode)))
				return fd->fd;
	return -1;
}

bool outside_claims(struct capture *c, const struct source_fd *fd)
{
	if (is_terminal(fd))
		return true;
	if (S_ISSOCK(fd->st.st_mode))
		return standard_stream(c, fd->st.st_ino) >= 0 &&
		       !unix_is_inside(c, fd) && !inet_stays(c, fd);
	return S_ISFIFO(fd->st.st_mode) && leads_out(c, fd);
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	(void)f;
	if (S_ISFIFO(fd->st.st_mode) && fd->link[0] == '/' && fd->fd > 2)
		obstacle_add(c, s, NULL, "has the FIFO %s open (descriptor %d), "
			     "which somebody outside the tree has open too",
			     fd->link, fd->fd);
	else if (!is_terminal(fd) && standard_stream(c, fd->st.st_ino) < 0)
		obstacle_add(c, s, "capture the process at its other end with "
			     "it, close it, or leave it behind (--drop)",
			     "has a pipe to somebody outside "
			     "the tree (%s, descriptor %d)", fd->link, fd->fd);
	return 0;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_outside *rec = image_add(&c->image, RECORD_OUTSIDE, id);

	rec->name = xstrdup(fd->link);
	rec->flags = fd->info.flags & (O_ACCMODE | O_NONBLOCK | O_APPEND);
	if (is_terminal(fd)) {
		rec->kind = OUTSIDE_TERMINAL;
		rec->fd = fd->fd <= 2 ? fd->fd :
			(fd->info.flags & O_ACCMODE) == O_RDONLY ? 0 : 1;
		rec->terminal = terminal_of(c, s, fd, f);
		return 0;
	}
	rec->kind = S_ISSOCK(fd->st.st_mode) ? OUTSIDE_SOCKET : OUTSIDE_PIPE;
	rec->fd = fd->fd <= 2 ? fd->fd : standard_stream(c, fd->st.st_ino);
	return 0;
}

/* Terminals are met as descriptors; a draft has none of these. */
static int draft(struct capture *c, struct source *s, struct failure *f)
{
	list_each(&s->fds, struct source_fd, fd)
		if (is_terminal(fd))
			terminal_of(c, s, fd, f);
	return f->status ? -1 : 0;
}

const struct fd_kind fd_kind_outside = {
	.check = check, .capture = capture,
};

/* ---- restore ---- */

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_OUTSIDE, struct rec_outside, o) {
		if (o->kind > OUTSIDE_SOCKET || o->fd > 2)
			return fail(f, STATUS_STREAM, "outside end %llu is not "
				    "sound", (unsigned long long)o_r->id);
		if (o->kind == OUTSIDE_TERMINAL &&
		    !image_find(&r->image, RECORD_TERMINAL, o->terminal))
			return fail(f, STATUS_STREAM, "outside end %llu is a "
				    "terminal that the stream does not have",
				    (unsigned long long)o_r->id);
	}
	return 0;
}

/* The terminal that some process is controlled by; 0 none, or none is wanted. */
uint64_t terminal_wanted(const struct restore *r)
{
	if (r->detach)
		return 0;
	image_each(&r->image, RECORD_PROCESS, struct rec_process, p)
		if (p->terminal &&
		    image_find(&r->image, RECORD_TERMINAL, p->terminal))
			return p->terminal;
	return 0;
}

/*
 * Output of a program that has a terminal is made for one: lines end in CR LF.
 * Where neither end of the way has a terminal that is not wanted.
 */
static void plain_lines(uint8_t *termios2, size_t len)
{
	uint32_t oflag;

	if (len < 8)
		return;
	memcpy(&oflag, termios2 + 4, 4);
	oflag &= ~(uint32_t)4;	/* ONLCR */
	memcpy(termios2 + 4, &oflag, 4);
}

int terminal_make(struct restore *r, struct failure *f)
{
	const struct rec_terminal *t =
		image_find(&r->image, RECORD_TERMINAL, r->terminal);
	struct winsize size = { .ws_row = t->rows, .ws_col = t->columns };
	uint8_t modes[TTY_STATE_LEN];
	bool known = t->termios.len == TTY_STATE_LEN;
	char path[PTY_PATH_LEN];

	if (known) {
		memcpy(modes, t->termios.data, TTY_STATE_LEN);
		if (!isatty(r->out) && !r->image.header.tty)
			plain_lines(modes, TTY_STATE_LEN);
	}
	if (r->master >= 0)
		pty_set(r->master, known ? modes : NULL, &size);
	else if (pty_open(&r->master, path, known ? modes : NULL, TTY_STATE_LEN,
			  &size, f) < 0)
		return -1;
	if (isatty(r->out))
		pty_follow(r->master, r->out);
	if (r->slave >= 0)
		return 0;
	r->slave = pty_slave(r->master, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (r->slave < 0)
		return fail_errno(f, 0, "cannot open a new terminal");
	return 0;
}

static int open_redirect(const struct restore *r, uint32_t fd)
{
	for (size_t i = 0; i < r->redirect_n; i++)
		if (r->redirects[i].fd == (int)fd)
			return open(r->redirects[i].path,
				    (fd == 0 ? O_RDONLY :
				     O_WRONLY | O_CREAT | O_APPEND) | O_CLOEXEC |
				    O_NOCTTY, 0666);
	return -2;
}

static const char *redirect_path(const struct restore *r, uint32_t fd)
{
	for (size_t i = 0; i < r->redirect_n; i++)
		if (r->redirects[i].fd == (int)fd)
			return r->redirects[i].path;
	return "";
}

/*
 * The keyboard: what follows the stream on our standard input goes through a
 * pipe, since some of it may have been read with the stream.
 */
static int keyboard_pipe(struct restore *r)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	r->keyboard = ends[1];
	return ends[0];
}

static int open_outside(struct restore *r, const struct rec_outside *o)
{
	int fd = open_redirect(r, o->fd);

	if (fd != -2)
		return fd;
	if (o->kind == OUTSIDE_TERMINAL && o->terminal == r->terminal &&
	    r->slave >= 0)
		return pty_slave(r->master, (o->flags & (O_ACCMODE | O_NONBLOCK)) |
				 O_CLOEXEC | O_NOCTTY);
	if (o->fd == 0) {
		if (r->in >= 0 && !r->pump_in)
			return fcntl(r->in, F_DUPFD_CLOEXEC, 3);
		if (r->in < 0)
			return open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (r->keyboard_end < 0)
			r->keyboard_end = keyboard_pipe(r);
		return fcntl(r->keyboard_end, F_DUPFD_CLOEXEC, 3);
	}
	return fcntl(o->fd == 1 ? r->out : r->err, F_DUPFD_CLOEXEC, 3);
}

static int prepare(struct restore *r, struct failure *f)
{
	r->terminal = terminal_wanted(r);
	if (r->terminal && terminal_make(r, f) < 0)
		return -1;
	image_each(&r->image, RECORD_OUTSIDE, struct rec_outside, o) {
		int fd = open_outside(r, o);

		if (fd < 0)
			return fail_errno(f, 0, "cannot open %s for descriptor %u",
					  redirect_path(r, o->fd), o->fd);
		if (opened_add(r, &r->opened, o_r->id, fd, f) < 0)
			return -1;
	}
	return 0;
}

const struct kind kind_terminal = {
	.type = RECORD_TERMINAL, .schema = &terminal_schema, .unique = true,
	.draft = draft,
};

const struct kind kind_outside = {
	.type = RECORD_OUTSIDE, .schema = &outside_schema, .unique = true,
	.open = true,
	.verify = verify, .prepare = prepare,
};
