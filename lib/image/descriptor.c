/* SPDX-License-Identifier: MIT */
/*
 * descriptor.c - the table of descriptors of each process, and locks on files
 *
 * A number leads to an open description, which other numbers and other
 * processes may share: kcmp(2) tells.  What a description is, is told by the
 * kinds in the table below; one that none of them claims cannot be moved, and
 * is said by name.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/capture.h"
#include "image/epoll.h"
#include "image/outside.h"
#include "image/ptys.h"
#include "image/restore.h"

static const struct field lock_fields[] = {
	FIELD(struct rec_lock, kind, FIELD_UINT),
	FIELD(struct rec_lock, start, FIELD_UINT),
	FIELD(struct rec_lock, write, FIELD_BOOL),
	FIELD(struct rec_lock, length, FIELD_UINT),
};
static const struct schema lock_schema = SCHEMA("lock", struct rec_lock, lock_fields);

static const struct field fields[] = {
	FIELD(struct rec_descriptor, fd, FIELD_UINT),
	FIELD(struct rec_descriptor, open, FIELD_UINT),
	FIELD(struct rec_descriptor, locks, FIELD_STRUCTS, .max = 65536,
	      .sub = &lock_schema),
	FIELD(struct rec_descriptor, cloexec, FIELD_BOOL),
};

static const struct schema schema = SCHEMA("descriptor", struct rec_descriptor, fields);

#define FD_MAX (1u << 20)

static const struct fd_kind *const fd_kinds[] = {
	&fd_kind_proc_file, &fd_kind_mqueue,
	&fd_kind_unix,
	&fd_kind_eventfd, &fd_kind_uring, &fd_kind_epoll, &fd_kind_signalfd, &fd_kind_timerfd,
	&fd_kind_inotify, &fd_kind_fanotify,
	&fd_kind_pidfd, &fd_kind_bpf_map, &fd_kind_btf,
	&fd_kind_file, &fd_kind_pipe, &fd_kind_inet, &fd_kind_netlink,
	&fd_kind_packet, NULL,
};

static const struct fd_kind *kind_of_fd(struct capture *c,
					const struct source *s,
					const struct source_fd *fd)
{
	if (pty_claims(c, s, fd))
		return &fd_kind_pty;
	if (!(fd->info.flags & O_PATH) && outside_claims(c, fd))
		return &fd_kind_outside;
	for (size_t i = 0; fd_kinds[i]; i++)
		if (fd_kinds[i]->claims(fd))
			return fd_kinds[i];
	return NULL;
}

/* ---- what cannot be moved ---- */

/* By the kernel's name of its protocol. */
static const char *socket_name(const char *protocol)
{
	static const struct { const char *protocol, *name; } names[] = {
		{ "NETLINK", "a netlink socket" },
		{ "ALG", "an AF_ALG socket" }, { "AF_VSOCK", "a vsock socket" },
		{ "MPTCP", "an MPTCP socket" }, { "MPTCPv6", "an MPTCP socket" },
		{ "SCTP", "an SCTP socket" }, { "SCTPv6", "an SCTP socket" },
		{ "XDP", "an XDP socket" }, { "TIPC", "a TIPC socket" },
		{ "L2CAP", "a Bluetooth socket" }, { "HCI", "a Bluetooth socket" },
		{ "RFCOMM", "a Bluetooth socket" }, { "SMC", "an SMC socket" },
		{ "CAN_RAW", "a CAN socket" }, { "PF_KEY", "a PF_KEY socket" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(protocol, names[i].protocol))
			return names[i].name;
	return "a socket";
}

/* What the kernel does not let anybody take out of it, or put back in. */
struct stranger {
	const char *link;	/* as /proc/PID/fd has it, or begins with it */
	const char *name, *remedy;
};

static const struct stranger *stranger_of(const struct source_fd *fd)
{
	static const char drop[] = "close it, or leave it behind (--drop)";
	static const struct stranger known[] = {
		{ "anon_inode:[userfaultfd]", "a userfaultfd",
		  "wait until it no longer serves faults" },
		{ "anon_inode:[perf_event]", "a performance counter",
		  "end what measures it, or leave it behind (--drop)" },
		{ "anon_inode:[landlock-ruleset]", "a Landlock ruleset", drop },
		{ "anon_inode:bpf-prog", "a BPF program", drop },
		{ "anon_inode:bpf_link", "a BPF link", drop },
		{ "anon_inode:bpf", "something of BPF", drop },
		{ "anon_inode:kvm", "a virtual machine",
		  "save it by its own means" },
		{ "anon_inode:seccomp notify", "a supervisor's end of a seccomp "
		  "filter", "end what it supervises first" },
		{ "anon_inode:[fscontext]", "a file system that is not mounted "
		  "yet", drop },
		{ "anon_inode:", "something of the kernel's", drop },
		{ "socket:", "a socket", drop },
	};
	static const struct stranger unknown = { "", "something unknown", drop };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strncmp(fd->link, known[i].link, strlen(known[i].link)))
			return &known[i];
	return &unknown;
}

static const char *common_name(const struct source_fd *fd)
{
	if (S_ISSOCK(fd->st.st_mode))
		return socket_name(fd->protocol);
	if (S_ISCHR(fd->st.st_mode) || S_ISBLK(fd->st.st_mode))
		return "a device";
	return stranger_of(fd)->name;
}

static int check(struct capture *c, struct source *s, struct failure *f)
{
	list_each(&s->fds, struct source_fd, fd) {
		const struct fd_kind *k = kind_of_fd(c, s, fd);

		if (!k && (S_ISCHR(fd->st.st_mode) || S_ISBLK(fd->st.st_mode)))
			device_obstacle(c, s, fd);
		else if (!k)
			obstacle_add(c, s, stranger_of(fd)->remedy, "has %s "
				     "open (%s, descriptor %d), which cannot be "
				     "moved yet", common_name(fd), fd->link,
				     fd->fd);
		else if (k->check && k->check(c, s, fd, f) < 0)
			return -1;
		if (fd->info.text && strstr(fd->info.text, "LEASE  BREAK"))
			obstacle_add(c, s, "try again in a moment",
				     "is about to lose its lease on %s "
				     "(descriptor %d)", fd->link, fd->fd);
	}
	return 0;
}

/* ---- capture ---- */

/*
 * Descriptions are kept in the order of their inodes, places in the file and
 * flags, and of the kernel's own comparison for those that may be the same.
 */
static int compare_looks(const struct seen_open *o, const struct source_fd *fd)
{
	uint32_t flags = fd->info.flags & ~O_CLOEXEC;	/* the number's own */

	if (o->ino != fd->st.st_ino)
		return fd->st.st_ino < o->ino ? -1 : 1;
	if (o->dev != fd->st.st_dev)
		return fd->st.st_dev < o->dev ? -1 : 1;
	if (o->pos != fd->info.pos)
		return fd->info.pos < o->pos ? -1 : 1;
	return flags < o->flags ? -1 : flags > o->flags;
}

static int compare_open(const struct seen_open *o, pid_t pid,
			const struct source_fd *fd)
{
	int order = compare_looks(o, fd);
	long rc;

	if (order)
		return order;
	rc = syscall(SYS_kcmp, pid, o->pid, KCMP_FILE, fd->fd, o->fd);
	return rc == 1 ? -1 : rc == 2 || rc == 3 ? 1 : rc == 0 ? 0 : -2;
}

/* Where in c->opens it is, or is to be put; *found tells which. */
static size_t place_open(const struct capture *c, pid_t pid,
			 const struct source_fd *fd, bool *found)
{
	size_t low = 0, high = c->opens.n;

	*found = false;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int rc = compare_open(list_at(&c->opens, struct seen_open, mid),
				      pid, fd);

		if (rc == 0) {
			*found = true;
			return mid;
		}
		if (rc < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

uint64_t open_known(const struct capture *c, pid_t pid,
		    const struct source_fd *fd)
{
	bool found;
	size_t at = place_open(c, pid, fd, &found);

	return found ? list_at(&c->opens, struct seen_open, at)->id : 0;
}

static struct seen_open *insert_open(struct capture *c, size_t at)
{
	struct seen_open *o;

	list_add(&c->opens, sizeof(*o));
	o = list_at(&c->opens, struct seen_open, at);
	memmove(o + 1, o, (c->opens.n - 1 - at) * sizeof(*o));
	return o;
}

uint64_t descriptor_open(struct capture *c, struct source *s,
			 const struct source_fd *fd, struct failure *f)
{
	const struct fd_kind *k;
	struct seen_open *o;
	bool found;
	size_t at = place_open(c, s->via, fd, &found);

	if (found)
		return list_at(&c->opens, struct seen_open, at)->id;
	k = kind_of_fd(c, s, fd);
	if (!k) {
		fail(f, STATUS_OBSTACLE, "process %d has %s open (%s, descriptor "
		     "%d), which cannot be moved yet", s->pid, common_name(fd),
		     fd->link, fd->fd);
		return 0;
	}
	if (s == unix_in_flight(c) && !k->flies) {
		fail(f, STATUS_OBSTACLE, "process %d has %s (%s) in a message "
		     "that it has not received yet, which cannot be moved",
		     s->pid, common_name(fd), fd->link);
		return 0;
	}
	o = insert_open(c, at);
	*o = (struct seen_open){ .dev = fd->st.st_dev, .ino = fd->st.st_ino,
				 .pos = fd->info.pos,
				 .flags = fd->info.flags & ~O_CLOEXEC,
				 .pid = s->via, .fd = fd->fd, .id = c->next_open++ };
	return k->capture(c, s, fd, o->id, f) < 0 ? 0 : o->id;
}

/* "lock:\t1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF", from proc(5). */
static void parse_lock(struct rec_descriptor *rec, const char *line)
{
	char kind[16], mode[16], type[16], end[32];
	unsigned long long start;
	struct rec_lock *l;

	if (sscanf(line, "lock: %*d: %15s %15s %15s %*d %*s %llu %31s",
		   kind, mode, type, &start, end) != 5)
		return;
	l = list_add(&rec->locks, sizeof(*l));
	l->kind = !strcmp(kind, "POSIX") ? LOCK_POSIX :
		!strcmp(kind, "OFDLCK") ? LOCK_OFD :
		!strcmp(kind, "LEASE") ? LOCK_LEASE : LOCK_WHOLE;
	l->write = !strcmp(type, "WRITE");
	l->start = start;
	if (strcmp(end, "EOF"))
		l->length = strtoull(end, NULL, 10) - start + 1;
}

static void capture_locks(struct rec_descriptor *rec,
			  const struct source_fd *fd)
{
	const char *line = fd->info.has_lock ? fd->info.text : NULL;

	for (; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, "lock:", 5))
			parse_lock(rec, line);
	}
}

static int capture(struct capture *c, struct source *s, struct failure *f)
{
	list_each(&s->fds, struct source_fd, fd) {
		uint64_t open = descriptor_open(c, s, fd, f);
		struct rec_descriptor *rec;

		if (!open)
			return -1;
		rec = image_add(&c->image, RECORD_DESCRIPTOR, s->id);
		rec->fd = fd->fd;
		rec->cloexec = fd->info.flags & O_CLOEXEC;
		rec->open = open;
		capture_locks(rec, fd);
	}
	return 0;
}

/* ---- restore ---- */

bool open_exists(const struct restore *r, uint64_t id)
{
	for (size_t row = 0; kinds[row]; row++)
		if (kinds[row]->open &&
		    image_find(&r->image, kinds[row]->type, id))
			return true;
	return false;
}

static int verify(struct restore *r, struct failure *f)
{
	uint64_t last_pid = 0, last_fd = 0;

	image_each(&r->image, RECORD_DESCRIPTOR, struct rec_descriptor, d) {
		if (d->fd >= FD_MAX || !open_exists(r, d->open) ||
		    (d_r->id == last_pid && d->fd <= last_fd))
			return fail(f, STATUS_STREAM, "descriptor %u of process "
				    "%llu is not sound", d->fd,
				    (unsigned long long)d_r->id);
		list_each(&d->locks, struct rec_lock, l)
			if (l->kind > LOCK_LEASE)
				return fail(f, STATUS_STREAM, "a lock of "
					    "descriptor %u is not sound", d->fd);
		last_pid = d_r->id;
		last_fd = d->fd;
		if ((int)d->fd >= r->fd_base)
			r->fd_base = d->fd + 1;
	}
	return 0;
}

/* Closes what is not in the table: gaps between its numbers, and all above. */
static int add_closes(struct puppet *p, struct batch *b, struct failure *f)
{
	uint32_t from = 0;

	for (size_t i = 0; i < p->fd_n; i++) {
		uint32_t fd = p->fds[i]->fd;

		if (batch_make_room(b, f) < 0)
			return -1;
		if (fd > from)
			batch_add(b, NULL, SYS_close_range, from, fd - 1, 0);
		from = fd + 1;
	}
	batch_add(b, "close descriptors", SYS_close_range, from, ~0u, 0);
	return 0;
}

static bool has_open(const struct puppet *p, uint64_t id)
{
	for (size_t i = 0; i < p->fd_n; i++)
		if (p->fds[i]->open == id)
			return true;
	return false;
}

/* Descriptions that were opened after the puppet was made, into @have. */
static int take_late(struct restore *r, struct puppet *p, struct list *have,
		     struct failure *f)
{
	struct list fds = { 0 }, theirs = { 0 };
	size_t i = 0;
	int rc;

	list_each(&r->late, struct opened, o) {
		if (!has_open(p, o->id) && !epoll_needs(r, p, o->id))
			continue;
		*(int *)list_add(&fds, sizeof(int)) = o->fd;
		opened_note(have, o->id, -1);
		list_add(&theirs, sizeof(int));
	}
	rc = puppet_give(r, p, fds.items, theirs.items, fds.n, f);
	list_each(have, struct opened, o)	/* in order, as r->late is */
		o->fd = rc == 0 ? *list_at(&theirs, int, i++) : -1;
	list_free(&fds);
	list_free(&theirs);
	return rc;
}

static int place(struct restore *r, struct puppet *p, const struct list *late,
		 struct failure *f)
{
	struct batch *b = puppet_queue(p, f);
	int rc = 0;

	if (!b)
		return -1;
	for (size_t i = 0; i < p->fd_n && rc == 0; i++) {
		const struct rec_descriptor *d = p->fds[i];
		int from = opened_find(&r->opened, d->open);

		if (from < 0)
			from = opened_find(late, d->open);
		batch_add(b, "place a descriptor", SYS_dup3, from, d->fd,
			  d->cloexec ? O_CLOEXEC : 0);
		rc = batch_make_room(b, f);
	}
	return rc;
}

static int close_others(struct puppet *p, struct failure *f)
{
	struct batch *b = puppet_queue(p, f);

	return b ? add_closes(p, b, f) : -1;
}

/* After the address space: its files are mapped through our descriptors. */
static int settle(struct restore *r, struct puppet *p, struct failure *f)
{
	struct list late = { 0 };
	int rc = take_late(r, p, &late, f);

	if (rc == 0)
		rc = place(r, p, &late, f);
	if (rc == 0)
		rc = epoll_watch(r, p, &late, f);
	if (rc == 0)
		rc = close_others(p, f);
	list_free(&late);
	return rc;
}

const struct kind kind_descriptor = {
	.type = RECORD_DESCRIPTOR, .schema = &schema,
	.check = check, .capture = capture,
	.verify = verify, .settle = settle,
};

/* ---- locks: when nobody else can hold them any more ---- */

static uint64_t add_lock(struct batch *b, const struct rec_descriptor *d,
			 const struct rec_lock *l)
{
	struct flock fl = {
		.l_type = l->write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET,
		.l_start = l->start, .l_len = l->length,
	};

	if (l->kind == LOCK_WHOLE)
		return batch_add(b, NULL, SYS_flock, d->fd,
				 (l->write ? LOCK_EX : LOCK_SH) | LOCK_NB);
	if (l->kind == LOCK_LEASE)
		return batch_add(b, NULL, SYS_fcntl, d->fd, F_SETLEASE,
				 l->write ? F_WRLCK : F_RDLCK);
	return batch_add(b, NULL, SYS_fcntl, d->fd,
			 l->kind == LOCK_OFD ? F_OFD_SETLK : F_SETLK,
			 batch_data(b, &fl, sizeof(fl)));
}

static int try_lock(struct puppet *p, const struct rec_descriptor *d,
		    const struct rec_lock *l, int64_t *ret, struct failure *f)
{
	struct batch b;
	int rc;

	puppet_batch(p, &b);
	add_lock(&b, d, l);
	rc = batch_run(&b, f);
	*ret = batch_ret(&b, 0);
	batch_free(&b);
	return rc;
}

/* A source that is being killed may hold them a moment longer. */
int locks_take(struct restore *r, struct puppet *p, struct failure *f)
{
	int patience = r->image.header.ends == END_KILLED ? 3000 : 200;

	for (size_t i = 0; i < p->fd_n; i++) {
		const struct rec_descriptor *d = p->fds[i];

		list_each(&d->locks, struct rec_lock, l) {
			const struct rec_file *file =
				image_find(&r->image, RECORD_FILE, d->open);
			int64_t ret;

			for (;;) {
				if (try_lock(p, d, l, &ret, f) < 0)
					return -1;
				if (ret != -EAGAIN && ret != -EACCES)
					break;
				if (patience-- <= 0)
					break;
				usleep(1000);
			}
			errno = -ret;
			if (ret < 0)
				return fail_errno(f, STATUS_DIFFERS,
					"cannot take again the lock on %s "
					"(descriptor %u): somebody else holds it, "
					"perhaps the source, which "
					"migrate-release --kill ends",
					file ? file->path : "a file", d->fd);
		}
	}
	return 0;
}
