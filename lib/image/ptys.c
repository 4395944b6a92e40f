/* SPDX-License-Identifier: MIT */
/*
 * ptys.c - pseudo-terminals that the tree has the master of, with what is
 * queued in them: those of a terminal multiplexer, script(1), sshd(8)
 *
 * A terminal gets the number it had if that is free, else another one: its name
 * is then another one, too.  A slave that has hung up, since its master was
 * closed, is made from a new pseudo-terminal whose master is closed.
 *
 * Terminals whose master somebody outside has are those of outside.c.
 */
#include "image/ptys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/ptyqueue.h"
#include "image/restore.h"
#include "image/say.h"

static const struct field line_fields[] = {
	FIELD(struct rec_pty_line, text, FIELD_BLOB, .max = 65536),
};
static const struct schema line_schema =
	SCHEMA("line", struct rec_pty_line, line_fields);

static const struct field fields[] = {
	FIELD(struct rec_pty, gid, FIELD_UINT),
	FIELD(struct rec_pty, uid, FIELD_UINT),
	FIELD(struct rec_pty, gone, FIELD_BOOL),
	FIELD(struct rec_pty, hung, FIELD_BOOL),
	FIELD(struct rec_pty, mode, FIELD_UINT),
	FIELD(struct rec_pty, name, FIELD_TEXT),
	FIELD(struct rec_pty, rest, FIELD_BLOB),
	FIELD(struct rec_pty, rows, FIELD_UINT),
	FIELD(struct rec_pty, index, FIELD_UINT),
	FIELD(struct rec_pty, lines, FIELD_STRUCTS, .sub = &line_schema),
	FIELD(struct rec_pty, width, FIELD_UINT),
	FIELD(struct rec_pty, height, FIELD_UINT),
	FIELD(struct rec_pty, locked, FIELD_BOOL),
	FIELD(struct rec_pty, output, FIELD_BLOB),
	FIELD(struct rec_pty, packet, FIELD_BOOL),
	FIELD(struct rec_pty, status, FIELD_UINT),
	FIELD(struct rec_pty, columns, FIELD_UINT),
	FIELD(struct rec_pty, session, FIELD_UINT),
	FIELD(struct rec_pty, stopped, FIELD_BOOL),
	FIELD(struct rec_pty, termios, FIELD_BLOB, .max = 256),
	FIELD(struct rec_pty, exclusive, FIELD_BOOL),
	FIELD(struct rec_pty, foreground, FIELD_UINT),
};
static const struct schema pty_schema =
	SCHEMA("pseudo-terminal", struct rec_pty, fields);

static const struct field end_fields[] = {
	FIELD(struct rec_pty_end, own, FIELD_BOOL),
	FIELD(struct rec_pty_end, pty, FIELD_UINT),
	FIELD(struct rec_pty_end, name, FIELD_TEXT),
	FIELD(struct rec_pty_end, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_pty_end, master, FIELD_BOOL),
};
static const struct schema end_schema =
	SCHEMA("end of a pseudo-terminal", struct rec_pty_end, end_fields);

#define SLAVE_MAJOR	136
#define INDEX_MAX	(1u << 20)
#define INDEX_TRIED	1024	/* for the sake of the number */
#define OPENED (O_ACCMODE | O_NONBLOCK | O_APPEND)

/* ---- which is which ---- */

static bool is_master(const struct source_fd *fd)
{
	return S_ISCHR(fd->st.st_mode) && fd->st.st_rdev == makedev(5, 2);
}

/* Number of the terminal that is open; -1 if it is none. */
static int slave_index(const struct source *s, const struct source_fd *fd)
{
	dev_t dev = fd->st.st_rdev;

	if (!S_ISCHR(fd->st.st_mode))
		return -1;
	if (dev == makedev(5, 0))
		dev = s->stat.tty_nr;
	return major(dev) == SLAVE_MAJOR ? (int)minor(dev) : -1;
}

static int master_index(const struct source_fd *fd)
{
	const char *at = fd->info.text ?
		strstr(fd->info.text, "tty-index:") : NULL;

	return at ? atoi(at + strlen("tty-index:")) : -1;
}

static bool is_gone(const struct source_fd *fd)
{
	return fd->fd > 2 && fd->deleted && S_ISCHR(fd->st.st_mode) &&
	       major(fd->st.st_rdev) == SLAVE_MAJOR;
}

/* The master of terminal @index, and whose it is; NULL: it is outside. */
static const struct source_fd *find_master(const struct capture *c, int index,
					   const struct source **owner)
{
	list_each(&c->sources, const struct source, s)
		list_each(&s->fds, const struct source_fd, fd)
			if (is_master(fd) && master_index(fd) == index) {
				*owner = s;
				return fd;
			}
	return NULL;
}

static const struct source_fd *find_slave(const struct capture *c, int index,
					  const struct source **owner)
{
	list_each(&c->sources, const struct source, s)
		list_each(&s->fds, const struct source_fd, fd)
			if (!fd->deleted && slave_index(s, fd) == index) {
				*owner = s;
				return fd;
			}
	return NULL;
}

bool pty_claims(const struct capture *c, const struct source *s,
		const struct source_fd *fd)
{
	const struct source *owner;
	int index;

	if (is_master(fd) || is_gone(fd))
		return true;
	index = fd->deleted ? -1 : slave_index(s, fd);
	return index >= 0 && find_master(c, index, &owner);
}

/* ---- what cannot be moved ---- */

static bool in_tree(const struct capture *c, pid_t pid)
{
	list_each(&c->sources, const struct source, s)
		if (s->pid == pid)
			return true;
	return false;
}

/* A process outside the tree that would hear a hang-up. */
static pid_t user_outside(const struct capture *c, int index)
{
	struct list all = { 0 };
	pid_t found = 0;

	proc_all(&all);
	list_each(&all, pid_t, pid) {
		struct proc_stat st;

		if (!found && proc_stat(*pid, *pid, &st) == 0 &&
		    st.tty_nr == makedev(SLAVE_MAJOR, index) &&
		    !in_tree(c, *pid))
			found = *pid;
	}
	list_free(&all);
	return found;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{
	int index = is_master(fd) ? master_index(fd) : -1;
	const struct source *owner;
	pid_t user;

	(void)f;
	/* Once for each; children inherit masters. */
	if (!is_master(fd) || (index >= 0 && find_master(c, index, &owner) != fd))
		return 0;
	if (index < 0) {
		obstacle_add(c, s, NULL, "has the master of a pseudo-terminal "
			     "open (descriptor %d) of which this kernel does "
			     "not say the number", fd->fd);
		return 0;
	}
	user = user_outside(c, index);
	if (user)
		obstacle_add(c, s, "end it first", "has the master of "
			     "/dev/pts/%d open (descriptor %d), the terminal of "
			     "process %d, which is not below it", index, fd->fd,
			     user);
	return 0;
}

/* ---- capture ---- */

static uint64_t inner(const struct capture *c, pid_t pid)
{
	uint64_t id = pid > 0 ? capture_id(c, pid) : 0;

	return id ? id : pid > 0 ? (uint64_t)pid : 0;
}

static void find_control(struct capture *c, uint64_t id, struct rec_pty *rec)
{
	list_each(&c->sources, struct source, s) {
		struct rec_process *p;

		if (s->zombie || s->stat.tty_nr != id)
			continue;
		p = image_find(&c->image, RECORD_PROCESS, s->id);
		if (p)
			p->terminal = id;
		rec->session = inner(c, s->stat.session);
		rec->foreground = inner(c, s->stat.tpgid);
	}
}

static bool has_hung_up(int master)
{
	struct pollfd p = { master, 0, 0 };

	return poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
}

static void set_lock(int master, int locked)
{
	ioctl(master, TIOCSPTLCK, &locked);
}

/* An opening of the slave for a moment.  One that had none until now is left
 * without: it would count as closed then. */
static int open_slave(const struct capture *c, int master, struct rec_pty *rec)
{
	const struct source *owner;
	const struct source_fd *fd = find_slave(c, rec->index, &owner);
	int slave;

	if (!fd && !rec->hung)
		return -1;
	set_lock(master, 0);
	slave = ioctl(master, TIOCGPTPEER,
		      O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 && fd)	/* it is exclusive, and we are nobody */
		slave = proc_take_fd(owner->pid, fd->fd);
	set_lock(master, rec->locked);
	return slave;
}

static void look_at(int master, int slave, struct rec_pty *rec)
{
	struct winsize size = { 0 };
	int exclusive = 0;
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/dev/pts/%u", rec->index);
	if ((slave >= 0 ? fstat(slave, &st) : stat(path, &st)) == 0) {
		rec->uid = st.st_uid;
		rec->gid = st.st_gid;
		rec->mode = st.st_mode & 07777;
	}
	ioctl(master, TIOCGWINSZ, &size);
	rec->rows = size.ws_row;
	rec->columns = size.ws_col;
	rec->width = size.ws_xpixel;
	rec->height = size.ws_ypixel;
	if (slave >= 0)
		ioctl(slave, TIOCGEXCL, &exclusive);
	rec->exclusive = exclusive;
}

/* Whatever happens after it was taken is put back at once. */
static int take_queues(int master, int slave, struct rec_pty *rec,
		       struct failure *f)
{
	int discipline = 0, rc;

	if (slave >= 0 && ioctl(slave, TIOCGETD, &discipline) == 0 && discipline)
		return fail(f, STATUS_OBSTACLE, "%s is used as a line to "
			    "something else (line discipline %d)", rec->name,
			    discipline);
	rc = ptyqueue_take(master, slave, rec, f);
	if (rec->termios.len) {
		struct failure other = { 0 };

		if (ptyqueue_put(master, slave, rec, rc < 0 ? &other : f) < 0)
			rc = -1;
	}
	return rc;
}

static int capture_pty(struct capture *c, int index, uint64_t id,
		       struct failure *f)
{
	const struct source *owner = NULL;
	const struct source_fd *fd = find_master(c, index, &owner);
	struct rec_pty *rec = image_add(&c->image, RECORD_PTY, id);
	int master, slave, locked = 0, rc;

	if (!fd || !owner)
		return fail(f, STATUS_NOPROC, "the master of /dev/pts/%d went "
			    "away", index);
	master = proc_take_fd(owner->pid, fd->fd);
	rec->index = index;
	rec->name = xasprintf("/dev/pts/%d", index);
	if (master < 0)
		return fail_errno(f, 0, "cannot have the master of %s from "
				  "process %d", rec->name, owner->pid);
	ioctl(master, TIOCGPTLCK, &locked);
	rec->locked = locked;
	rec->hung = has_hung_up(master);
	slave = open_slave(c, master, rec);
	look_at(master, slave, rec);
	rc = take_queues(master, slave, rec, f);
	find_control(c, id, rec);
	if (slave >= 0)
		close(slave);
	close(master);
	return rc;
}

static uint64_t pty_of(struct capture *c, int index, struct failure *f)
{
	uint64_t id = makedev(SLAVE_MAJOR, index);

	if (!image_find(&c->image, RECORD_PTY, id) &&
	    capture_pty(c, index, id, f) < 0)
		return 0;
	return id;
}

/* Its number may be another terminal's by now. */
static uint64_t gone_pty(struct capture *c, const struct source_fd *fd,
			 uint64_t id)
{
	struct rec_pty *rec = image_add(&c->image, RECORD_PTY,
					OBJECT_FIRST + id);

	rec->index = minor(fd->st.st_rdev);
	rec->name = xstrdup(fd->link);
	rec->gone = true;
	return OBJECT_FIRST + id;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_pty_end *rec = image_add(&c->image, RECORD_PTY_END, id);

	rec->name = xstrdup(fd->link);
	rec->flags = fd->info.flags & OPENED;
	rec->master = is_master(fd);
	if (is_gone(fd)) {
		rec->pty = gone_pty(c, fd, id);
		return 0;
	}
	rec->own = fd->st.st_rdev == makedev(5, 0);
	rec->pty = pty_of(c, rec->master ? master_index(fd) :
			  slave_index(s, fd), f);
	return rec->pty ? 0 : -1;
}

const struct fd_kind fd_kind_pty = {
	.check = check, .capture = capture,
};

/* ---- restore ---- */

static bool has_master(struct restore *r, uint64_t pty)
{
	image_each(&r->image, RECORD_PTY_END, struct rec_pty_end, e)
		if (e->pty == pty && e->master)
			return true;
	return false;
}

static int verify_pty(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PTY, struct rec_pty, p)
		if ((!p->gone && !has_master(r, p_r->id)) ||
		    p->index >= INDEX_MAX || !p->name || p->status > 255 ||
		    p->mode > 07777 || p->rows > UINT16_MAX ||
		    p->columns > UINT16_MAX || p->width > UINT16_MAX ||
		    p->height > UINT16_MAX ||
		    (!p->gone && p->termios.len != 44))
			return fail(f, STATUS_STREAM, "pseudo-terminal %llu is "
				    "not sound", (unsigned long long)p_r->id);
	return 0;
}

/* One opening is the master's: it cannot be opened twice. */
static int verify_end(struct restore *r, struct failure *f)
{
	uint64_t last = 0;

	image_each(&r->image, RECORD_PTY_END, struct rec_pty_end, e) {
		const struct rec_pty *p = image_find(&r->image, RECORD_PTY,
						     e->pty);

		if (!p || e->flags & ~(uint32_t)OPENED ||
		    (p->gone && (e->master || e->own)))
			return fail(f, STATUS_STREAM, "end %llu of a pseudo-"
				    "terminal is not sound",
				    (unsigned long long)e_r->id);
		if (!e->master)
			continue;
		image_each(&r->image, RECORD_PTY_END, struct rec_pty_end, other)
			if (other != e && other->master && other->pty == e->pty)
				last = e->pty;
	}
	return last ? fail(f, STATUS_STREAM, "pseudo-terminal %llu has two "
			   "masters", (unsigned long long)last) : 0;
}

/* The number is the lowest free one: those below it are held meanwhile. */
static int open_master(uint32_t index)
{
	int held[INDEX_TRIED], n = 0, fd;
	int got = -1;

	for (;;) {
		fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 || ioctl(fd, TIOCGPTN, &got) < 0 ||
		    (uint32_t)got >= index || n == INDEX_TRIED)
			break;
		held[n++] = fd;
	}
	/* It was taken: then the lowest will do. */
	if (n && (fd < 0 || (uint32_t)got != index)) {
		if (fd >= 0)
			close(fd);
		fd = held[0];
		held[0] = -1;
	}
	while (n--)
		if (held[n] >= 0)
			close(held[n]);
	return fd;
}

/* Both have the number as a name, and the user of the terminal. */
static void set_owner(struct restore *r, int slave, const struct rec_pty *p)
{
	struct stat st;

	if (fstat(slave, &st) < 0)
		return;
	if ((st.st_uid != p->uid || st.st_gid != p->gid) &&
	    fchown(slave, p->uid, p->gid) < 0)
		warning_add(r, "%s could not be given to user %u and group %u",
			    p->name, p->uid, p->gid);
	fchmod(slave, p->mode);
}

static int set_up(struct restore *r, const struct rec_pty *p, int master,
		  bool opened, int *slave, struct failure *f)
{
	struct winsize size = { p->rows, p->columns, p->width, p->height };
	int got = -1;

	*slave = -1;
	ioctl(master, TIOCGPTN, &got);
	if (!p->gone && (uint32_t)got != p->index)
		warning_add(r, "the pseudo-terminal %s is /dev/pts/%d here: the "
			    "number was taken", p->name, got);
	set_lock(master, 0);
	ioctl(master, TIOCSWINSZ, &size);
	if (opened || p->hung) {
		*slave = ioctl(master, TIOCGPTPEER,
			       O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (*slave < 0)
			return fail_errno(f, 0, "cannot open %s", p->name);
		if (!p->gone)
			set_owner(r, *slave, p);
	}
	return p->gone ? 0 : ptyqueue_put(master, *slave, p, f);
}

/* TIOCGPTPEER would keep O_CLOEXEC among the flags of the description. */
static int open_peer(int master, uint32_t flags)
{
	int fd = ioctl(master, TIOCGPTPEER, flags | O_NOCTTY);

	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static int open_end(struct restore *r, uint64_t id, const struct rec_pty_end *e,
		    int master, struct failure *f)
{
	int fd;

	if (e->own)
		return 0;
	if (e->master) {
		fd = fcntl(master, F_DUPFD_CLOEXEC, r->fd_base);
		if (fd >= 0)
			fcntl(fd, F_SETFL, e->flags & ~O_ACCMODE);
	} else {
		fd = open_peer(master, e->flags);
	}
	if (fd < 0)
		return fail_errno(f, 0, "cannot open %s", e->name);
	return opened_add(r, &r->opened, id, fd, f);
}

static int open_ends(struct restore *r, uint64_t id, int master,
		     struct failure *f)
{
	image_each(&r->image, RECORD_PTY_END, struct rec_pty_end, e)
		if (e->pty == id && open_end(r, e_r->id, e, master, f) < 0)
			return -1;
	return 0;
}

static bool has_slaves(const struct restore *r, uint64_t id)
{
	image_each(&r->image, RECORD_PTY_END, struct rec_pty_end, e)
		if (e->pty == id && !e->master)
			return true;
	return false;
}

static int prepare_one(struct restore *r, uint64_t id, const struct rec_pty *p,
		       struct failure *f)
{
	int master = open_master(p->gone ? 0 : p->index), slave = -1, rc;

	if (master < 0)
		return fail_errno(f, 0, "cannot make a pseudo-terminal");
	rc = set_up(r, p, master, has_slaves(r, id), &slave, f);
	if (rc == 0)
		rc = open_ends(r, id, master, f);
	if (rc == 0 && p->locked)
		set_lock(master, 1);
	close(master);
	if (slave >= 0 && rc == 0 && !p->gone && !p->hung)
		return opened_add(r, &r->slaves, id, slave, f);
	if (slave >= 0)
		close(slave);
	return rc;
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_PTY, struct rec_pty, p)
		if (prepare_one(r, p_r->id, p, f) < 0)
			return -1;
	return 0;
}

/* Some process that has it as its controlling terminal. */
static struct puppet *user_of(const struct restore *r, uint64_t id)
{
	list_each(&r->puppets, struct puppet *, p)
		if ((*p)->rec->terminal == id && !(*p)->done)
			return *p;
	return NULL;
}

/* /dev/tty is opened by who has it. */
static int open_own(struct restore *r, uint64_t id,
		    const struct rec_pty_end *e, struct failure *f)
{
	struct puppet *p = user_of(r, e->pty);
	struct batch b;
	int fd, rc;

	if (!p) {
		fd = fcntl(opened_find(&r->slaves, e->pty), F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? fail_errno(f, 0, "cannot open %s", e->name) :
			opened_add(r, &r->late, id, fd, f);
	}
	puppet_batch(p, &b);
	batch_add(&b, "open its terminal", SYS_open, batch_text(&b, "/dev/tty"),
		  e->flags | O_NOCTTY | O_CLOEXEC);
	rc = batch_run(&b, f);
	fd = batch_ret(&b, 0);
	batch_free(&b);
	if (rc < 0 || puppet_take(p, fd, &fd, f) < 0)
		return -1;
	return opened_add(r, &r->late, id, fd, f);
}

/* Once, when the terminals control their sessions. */
static int build(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent)
		return 0;
	image_each(&r->image, RECORD_PTY_END, struct rec_pty_end, e)
		if (e->own && open_own(r, e_r->id, e, f) < 0)
			return -1;
	image_each(&r->image, RECORD_PTY, struct rec_pty, t)
		if (t->exclusive)
			ioctl(opened_find(&r->slaves, t_r->id), TIOCEXCL);
	return 0;
}

/* ---- words ---- */

static void describe(FILE *to, const void *rec)
{
	const struct rec_pty_end *e = rec;

	fputs(e->master ? "master of a pseudo-terminal, " :
	      "pseudo-terminal ", to);
	put_text(to, e->name);
}

const struct kind kind_pty = {
	.type = RECORD_PTY, .schema = &pty_schema, .unique = true,
	.verify = verify_pty, .prepare = prepare,
};

const struct kind kind_pty_end = {
	.type = RECORD_PTY_END, .schema = &end_schema, .unique = true,
	.open = true, .verify = verify_end, .build = build,
	.describe = describe,
};
