/* SPDX-License-Identifier: MIT */
/*
 * ptyqueue.c - what was written to a pseudo-terminal and not yet read
 *
 * Output waits at the master as bytes.  Input waits at the slave; in canonical
 * mode it is lines, each ended by a newline, another character that the modes
 * name, or an end of file that is no character at all, and a part of a line
 * that nobody may read yet.  So lines are read one by one in that mode, and the
 * part as bytes out of it.
 *
 * To put lines back, they are typed at the master anew, with modes that give a
 * meaning to a few characters only; where one of these stands in a line it is
 * quoted.  A kernel thread takes in what is typed: before the modes may change
 * it must have done that.  How many bytes can be read tells of whole lines; of
 * what comes after, the echo of a last character that is erased again.
 */
#include "image/ptyqueue.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define ROOM		4095u	/* of the line discipline's buffer, bytes */
#define LINES_MAX	8192	/* more than there is room for */
#define PATIENCE_NS	2000000000ll

_Static_assert(sizeof(struct termios2) == 44, "terminal modes");

static bool ready(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	return poll(&p, 1, 0) > 0 && p.revents & events;
}

static void append(struct blob *b, const void *data, size_t n)
{
	b->data = xrealloc(b->data, b->len + n + 1);
	memcpy(b->data + b->len, data, n);
	b->len += n;
}

static bool is_canonical(const struct termios2 *t)
{
	return (t->c_lflag & (ICANON | EXTPROC)) == ICANON;
}

/* ---- taking ---- */

static int drain(int fd, struct blob *to)
{
	char buf[8192];
	ssize_t n = 1;

	while (n > 0 && ready(fd, POLLIN)) {
		n = read(fd, buf, sizeof(buf));
		if (n > 0)
			append(to, buf, n);
	}
	/* EIO: at the end of what a slave that is closed now has written. */
	return n < 0 && errno != EIO && errno != EAGAIN ? -1 : 0;
}

static int drain_lines(int slave, struct list *lines)
{
	char buf[8192];

	while (ready(slave, POLLIN) && lines->n < LINES_MAX) {
		ssize_t n = read(slave, buf, sizeof(buf));
		struct rec_pty_line *line;

		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		line = list_add(lines, sizeof(*line));
		append(&line->text, buf, n);
	}
	return 0;
}

/* Modes in which reading has no other effect than to read. */
static struct termios2 quiet(const struct termios2 *t)
{
	struct termios2 q = *t;

	q.c_lflag &= ~(ECHO | ECHONL | ISIG);
	q.c_iflag &= ~IXON;
	if (!is_canonical(t)) {
		q.c_cc[VMIN] = 1;
		q.c_cc[VTIME] = 0;
	}
	return q;
}

static int take_input(int slave, const struct termios2 *t, struct rec_pty *p)
{
	struct termios2 q = quiet(t);

	if (ioctl(slave, TCSETS2, &q) < 0)
		return -1;
	if (is_canonical(t)) {
		if (drain_lines(slave, &p->lines) < 0)
			return -1;
		q.c_lflag &= ~ICANON;
		q.c_cc[VMIN] = 1;
		q.c_cc[VTIME] = 0;
		if (ioctl(slave, TCSETS2, &q) < 0)
			return -1;
	}
	return drain(slave, &p->rest);
}

/* A pending change of state is read alone, before data. */
static int take_packets(int master, struct rec_pty *p)
{
	uint8_t status = 0;
	int on = 0;

	if (ioctl(master, TIOCGPKT, &on) < 0)
		return -1;
	p->packet = on;
	if (!on)
		return 0;
	if (ready(master, POLLPRI) && read(master, &status, 1) != 1)
		return -1;
	p->status = status;
	on = 0;
	return ioctl(master, TIOCPKT, &on);
}

int ptyqueue_take(int master, int slave, struct rec_pty *p, struct failure *f)
{
	struct termios2 t;

	if (ioctl(master, TCGETS2, &t) < 0 || take_packets(master, p) < 0)
		return fail_errno(f, 0, "cannot read the modes of %s", p->name);
	append(&p->termios, &t, sizeof(t));
	if (drain(master, &p->output) < 0)
		return fail_errno(f, 0, "cannot read the output of %s", p->name);
	if (slave < 0)
		return 0;
	p->stopped = !ready(slave, POLLOUT);
	if (take_input(slave, &t, p) < 0)
		return fail_errno(f, 0, "cannot read the input of %s", p->name);
	return 0;
}

/* ---- typing ---- */

/* The characters that mean something while lines are typed. */
struct keys {
	uint8_t quote, eof, erase;
	uint8_t eol, eol2;	/* of the terminal itself; 0 none */
	uint8_t stop, start;	/* likewise, if they are to stay */
};

static uint8_t free_key(const struct termios2 *t, uint8_t key)
{
	while (key == '\n' || key == t->c_cc[VEOL] || key == t->c_cc[VEOL2] ||
	       key == t->c_cc[VSTOP] || key == t->c_cc[VSTART])
		key++;
	return key;
}

/* In packet mode a change of flow control is told to the master: where it is
 * to hear of something else first, flow control stays as it is. */
static bool keeps_flow(const struct termios2 *t, const struct rec_pty *p)
{
	if (!p->packet || !p->status || !(t->c_iflag & IXON))
		return false;
	return is_canonical(t) || !p->rest.len ||
	       (!memchr(p->rest.data, t->c_cc[VSTOP], p->rest.len) &&
		!memchr(p->rest.data, t->c_cc[VSTART], p->rest.len));
}

static struct keys choose_keys(const struct termios2 *t,
			       const struct rec_pty *p)
{
	bool flow = keeps_flow(t, p);

	return (struct keys){
		.quote = free_key(t, 1), .eof = free_key(t, 4),
		.erase = free_key(t, 126), .eol = t->c_cc[VEOL],
		.eol2 = t->c_cc[VEOL2],
		.stop = flow ? t->c_cc[VSTOP] : 0,
		.start = flow ? t->c_cc[VSTART] : 0,
	};
}

static struct termios2 typing(const struct termios2 *t, const struct keys *k)
{
	struct termios2 n = *t;

	memset(n.c_cc, 0, sizeof(n.c_cc));
	n.c_iflag = 0;
	n.c_oflag = 0;
	n.c_lflag = 0;
	n.c_cc[VMIN] = 1;
	n.c_cc[VSTOP] = k->stop;
	n.c_cc[VSTART] = k->start;
	if (k->stop || k->start)
		n.c_iflag = IXON;
	if (is_canonical(t)) {
		n.c_lflag = ICANON | IEXTEN;
		n.c_cc[VMIN] = 0;
		n.c_cc[VLNEXT] = k->quote;
		n.c_cc[VEOF] = k->eof;
		n.c_cc[VERASE] = k->erase;
		n.c_cc[VEOL] = k->eol;
		n.c_cc[VEOL2] = k->eol2;
	}
	return n;
}

static bool means_something(const struct keys *k, uint8_t c)
{
	return c == '\n' || c == k->quote || c == k->eof || c == k->erase ||
	       (c && (c == k->eol || c == k->eol2 || c == k->stop ||
		      c == k->start));
}

static bool ends_line(const struct keys *k, uint8_t c)
{
	return c == '\n' || (c && (c == k->eol || c == k->eol2));
}

static void quote(struct blob *to, const struct keys *k, const uint8_t *text,
		  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (means_something(k, text[i]))
			append(to, &k->quote, 1);
		append(to, &text[i], 1);
	}
}

static bool has_end(const struct keys *k, const struct blob *text)
{
	return text->len && ends_line(k, text->data[text->len - 1]);
}

static void quote_line(struct blob *to, const struct keys *k,
		       const struct blob *text)
{
	if (has_end(k, text)) {
		quote(to, k, text->data, text->len - 1);
		append(to, text->data + text->len - 1, 1);
	} else {
		quote(to, k, text->data, text->len);
		append(to, &k->eof, 1);
	}
}

static int write_all(int fd, const struct blob *b)
{
	int64_t end = monotonic_ns() + PATIENCE_NS;

	for (size_t at = 0; at < b->len;) {
		ssize_t n = write(fd, b->data + at, b->len - at);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n > 0)
			at += n;
		else if (monotonic_ns() > end)
			return -1;
		else
			sched_yield();
	}
	return 0;
}

/* Until @n bytes can be read, in whole lines if it is about lines. */
static int await_input(int slave, size_t n)
{
	int64_t end = monotonic_ns() + PATIENCE_NS;
	int waiting = 0;

	for (;;) {
		if (ioctl(slave, FIONREAD, &waiting) < 0)
			return -1;
		if ((size_t)waiting >= n)
			return 0;
		if (monotonic_ns() > end) {
			errno = ETIMEDOUT;
			return -1;
		}
		sched_yield();
	}
}

/* The echo of @n bytes, which is not output of anybody. */
static int await_echo(int master, size_t n)
{
	int64_t end = monotonic_ns() + PATIENCE_NS;
	struct blob echo = { 0 };
	int rc = 0;

	while (rc == 0 && echo.len < n) {
		rc = drain(master, &echo);
		if (monotonic_ns() > end) {
			errno = ETIMEDOUT;
			rc = -1;
		}
		sched_yield();
	}
	free(echo.data);
	return rc;
}

/* How many lines the buffer has room for; what is more waits before it, to be
 * taken in by the modes of then. */
static size_t lines_in_room(const struct rec_pty *p, const struct keys *k,
			    size_t *bytes)
{
	size_t used = 0, i;

	*bytes = 0;
	for (i = 0; i < p->lines.n; i++) {
		const struct blob *text =
			&list_at(&p->lines, struct rec_pty_line, i)->text;

		used += text->len + !has_end(k, text);
		if (used > ROOM)
			break;
		*bytes += text->len;
	}
	return i;
}

/* The part of a line, and a character that is erased again. */
static int type_rest(int master, int slave, struct termios2 *modes,
		     const struct rec_pty *p, const struct keys *k)
{
	struct blob typed = { 0 };
	int rc;

	modes->c_lflag |= ECHO;
	quote(&typed, k, p->rest.data, p->rest.len);
	append(&typed, "S", 1);
	append(&typed, &k->erase, 1);
	rc = ioctl(slave, TCSETS2, modes);
	if (rc == 0)
		rc = write_all(master, &typed);
	if (rc == 0)
		rc = await_echo(master, p->rest.len + 2);
	free(typed.data);
	modes->c_lflag &= ~ECHO;
	return rc == 0 ? ioctl(slave, TCSETS2, modes) : -1;
}

/* Lines that do not fit are left in *@over as they were typed. */
static int type_lines(int master, int slave, struct termios2 *modes,
		      const struct termios2 *t, const struct rec_pty *p,
		      const struct keys *k, struct blob *over)
{
	struct blob typed = { 0 };
	size_t bytes, n = lines_in_room(p, k, &bytes);
	int rc;

	for (size_t i = 0; i < p->lines.n; i++) {
		const struct blob *text =
			&list_at(&p->lines, struct rec_pty_line, i)->text;

		if (i < n) {
			quote_line(&typed, k, text);
			continue;
		}
		append(over, text->data, text->len);
		if (!has_end(k, text))
			append(over, &t->c_cc[VEOF], 1);
	}
	rc = write_all(master, &typed);
	if (rc == 0)
		rc = await_input(slave, bytes);
	free(typed.data);
	if (rc < 0)
		return -1;
	if (n == p->lines.n && p->rest.len + bytes < ROOM - n - 1)
		return type_rest(master, slave, modes, p, k);
	append(over, p->rest.data, p->rest.len);
	return 0;
}

static int type_bytes(int master, int slave, const struct blob *b)
{
	if (write_all(master, b) < 0)
		return -1;
	return await_input(slave, b->len < ROOM ? b->len : ROOM);
}

/* ---- putting back ---- */

static int set_packets(int master, bool on)
{
	int value = on;

	return ioctl(master, TIOCPKT, &value);
}

/* What the master has not been told yet is made to happen again; a change of
 * flow control is told when the modes are set, as they are now. */
static int provoke_early(int master, int slave, const struct rec_pty *p)
{
	if (!p->packet || !p->status || slave < 0)
		return 0;
	if (set_packets(master, true) < 0)
		return -1;
	if (p->status & TIOCPKT_FLUSHREAD)
		ioctl(slave, TCFLSH, TCIFLUSH);
	if (p->status & TIOCPKT_FLUSHWRITE)
		ioctl(slave, TCFLSH, TCOFLUSH);
	return 0;
}

static int provoke_late(int master, int slave, const struct termios2 *t,
			const struct rec_pty *p)
{
	struct termios2 other = *t;

	if (!p->packet)
		return 0;
	if (!p->status || slave < 0)
		return set_packets(master, true);
	if (p->status & (TIOCPKT_NOSTOP | TIOCPKT_DOSTOP)) {
		other.c_iflag ^= IXON;
		ioctl(slave, TCSETS2, &other);
		ioctl(slave, TCSETS2, t);
	}
	if (p->status & (TIOCPKT_STOP | TIOCPKT_START) && !p->stopped) {
		ioctl(slave, TCXONC, TCOOFF);
		ioctl(slave, TCXONC, TCOON);
	}
	return 0;
}

/* By the key that continues it again, if the modes have one. */
static int stop_output(int master, int slave, const struct termios2 *t)
{
	int64_t end = monotonic_ns() + PATIENCE_NS / 10;

	if (t->c_iflag & IXON && t->c_cc[VSTOP] &&
	    write(master, &t->c_cc[VSTOP], 1) == 1)
		while (ready(slave, POLLOUT) && monotonic_ns() < end)
			sched_yield();
	return ready(slave, POLLOUT) ? ioctl(slave, TCXONC, TCOOFF) : 0;
}

static int put(int master, int slave, const struct termios2 *t,
	       const struct rec_pty *p)
{
	struct keys k = choose_keys(t, p);
	struct termios2 modes = typing(t, &k);
	struct blob over = { 0 };
	int rc;

	if (p->stopped)
		ioctl(slave, TCXONC, TCOON);
	if (ioctl(slave, TCSETS2, &modes) < 0)
		return -1;
	rc = !is_canonical(t) ? type_bytes(master, slave, &p->rest) :
		p->lines.n || p->rest.len ?
			type_lines(master, slave, &modes, t, p, &k, &over) : 0;
	if (rc == 0)
		rc = write_all(slave, &p->output);
	if (rc == 0)
		rc = ioctl(slave, TCSETS2, t);
	if (rc == 0)
		rc = write_all(master, &over);
	free(over.data);
	return rc;
}

/* Typing may have to wait until what was typed is taken in, but not for a
 * reader. */
int ptyqueue_put(int master, int slave, const struct rec_pty *p,
		 struct failure *f)
{
	int flags = fcntl(master, F_GETFL), rc, err;
	struct termios2 t;

	if (p->termios.len != sizeof(t))
		return fail(f, STATUS_STREAM, "terminal modes of %zu bytes, not "
			    "%zu", p->termios.len, sizeof(t));
	memcpy(&t, p->termios.data, sizeof(t));
	fcntl(master, F_SETFL, flags | O_NONBLOCK);
	rc = provoke_early(master, slave, p);
	if (rc == 0)
		rc = slave >= 0 ? put(master, slave, &t, p) :
			ioctl(master, TCSETS2, &t);
	if (rc == 0)
		rc = provoke_late(master, slave, &t, p);
	if (rc == 0 && p->stopped && slave >= 0)
		rc = stop_output(master, slave, &t);
	err = errno;
	fcntl(master, F_SETFL, flags);
	errno = err;
	return rc == 0 ? 0 : fail_errno(f, 0, "cannot put back what is queued "
					"in %s", p->name);
}
