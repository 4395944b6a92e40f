/* SPDX-License-Identifier: MIT */
/*
 * file.c - open files, directories and stateless devices; files that are mapped
 *
 * A regular file stays the file it is: it is opened anew by its path.  Before
 * that it is held against what the source saw, and every difference is told at
 * once:
 *
 *	the very same file (same machine, device, inode)   always right
 *	mapped			same size, and same time or same sample of bytes
 *	otherwise		may have grown since, not shrunk; what it was
 *				then has the same sample
 *
 * A file that the stream carries may be another one or missing: carry.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xxhash.h>

#include "image/carry.h"
#include "image/mapping.h"
#include "image/mounts.h"
#include "image/restore.h"

static const struct field fields[] = {
	FIELD(struct rec_file, dev, FIELD_UINT),
	FIELD(struct rec_file, ino, FIELD_UINT),
	FIELD(struct rec_file, pos, FIELD_UINT),
	FIELD(struct rec_file, kind, FIELD_UINT),
	FIELD(struct rec_file, mode, FIELD_UINT),
	FIELD(struct rec_file, path, FIELD_TEXT),
	FIELD(struct rec_file, rdev, FIELD_UINT),
	FIELD(struct rec_file, size, FIELD_UINT),
	FIELD(struct rec_file, flags, FIELD_UINT, .hex = true),
	FIELD(struct rec_file, mapped, FIELD_BOOL),
	FIELD(struct rec_file, mounts, FIELD_UINT),
	FIELD(struct rec_file, object, FIELD_UINT),
	FIELD(struct rec_file, sample, FIELD_UINT, .hex = true),
	FIELD(struct rec_file, carried, FIELD_UINT),
	FIELD(struct rec_file, mtime_ns, FIELD_UINT),
};

static const struct schema schema = SCHEMA("file", struct rec_file, fields);

#define SAMPLE (64 * 1024)
/* Flags of an open description that fcntl(2) shows and open(2) takes. */
#define KEPT_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC |	\
		    O_DIRECT | O_NOATIME | O_DIRECTORY | O_PATH | O_NOFOLLOW)

/* ---- what a file is like ---- */

static uint64_t mtime_ns(const struct stat *st)
{
	return st->st_mtim.tv_sec * 1000000000ull + st->st_mtim.tv_nsec;
}

/* XXH3-64 of the first and the last 64 KiB of @size: an ELF file's build id is
 * in the first, its section table in the last. */
static uint64_t sample_of(int fd, uint64_t size)
{
	static uint8_t buf[2 * SAMPLE];
	ssize_t head = pread(fd, buf, size < SAMPLE ? size : SAMPLE, 0);
	ssize_t tail = 0;

	if (head < 0)
		return 0;
	if (size > SAMPLE)
		tail = pread(fd, buf + head, size > 2 * SAMPLE ? SAMPLE :
			     size - SAMPLE,
			     size > 2 * SAMPLE ? size - SAMPLE : SAMPLE);
	return XXH3_64bits(buf, head + (tail > 0 ? tail : 0));
}

static void describe(struct rec_file *rec, const struct stat *st)
{
	rec->dev = st->st_dev;
	rec->ino = st->st_ino;
	rec->size = S_ISREG(st->st_mode) ? st->st_size : 0;
	rec->mtime_ns = mtime_ns(st);
	rec->mode = st->st_mode;
	rec->rdev = S_ISCHR(st->st_mode) ? st->st_rdev : 0;
}

/* ---- capture: files of mappings ---- */

/* The path must lead to the file from here as it does from there. */
static int open_same(const struct mount_space *space, const char *path,
		     uint64_t ino, struct stat *st)
{
	char *here = mounts_path(space, path);
	int fd = open(here, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	free(here);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && st->st_ino == ino)
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

static uint64_t mapped_file(struct capture *c, const struct mount_space *space,
			    const char *path, uint64_t ino, bool writable,
			    pid_t pid, struct failure *f)
{
	struct seen_file *seen;
	struct rec_file *rec;
	struct stat st;
	uint64_t id;
	int fd;

	list_each(&c->files, struct seen_file, known)
		if (known->ino == ino && known->writable == writable &&
		    known->space == space && !strcmp(known->path, path))
			return known->id;
	fd = open_same(space, path, ino, &st);
	if (fd < 0) {
		fail_errno(f, STATUS_OBSTACLE, "process %d maps %s, which "
			   "cannot be opened here as the same file", pid, path);
		return 0;
	}
	id = c->next_open++;
	rec = image_add(&c->image, RECORD_FILE, id);
	rec->path = xstrdup(path);
	seen = list_add(&c->files, sizeof(*seen));
	*seen = (struct seen_file){ id, ino, rec->path, space, writable };
	rec->mounts = mounts_id(space);
	rec->flags = writable ? O_RDWR : O_RDONLY;
	rec->mapped = true;
	describe(rec, &st);
	rec->sample = sample_of(fd, st.st_size);
	close(fd);
	return id;
}

uint64_t file_for_mapping(struct capture *c, struct source *s,
			  const struct proc_map *m, bool writable,
			  struct failure *f)
{
	char magic[96];

	snprintf(magic, sizeof(magic), "/proc/%d/map_files/%llx-%llx", s->via,
		 (unsigned long long)m->start, (unsigned long long)m->end);
	return mapped_file(c, mounts_of(c, magic), m->path, m->ino, writable,
			   s->pid, f);
}

/* An executable without a name: it travels whole. */
static uint64_t unnamed_exe(struct capture *c, struct source *s,
			    const char *path, const struct stat *st,
			    struct failure *f)
{
	int kind = strncmp(path, "/memfd:", 7) ? OBJECT_DELETED : OBJECT_MEMFD;
	uint64_t object = object_of_link(c, s, "exe", path, kind, f), id;
	struct rec_file *rec;

	if (!object)
		return 0;
	image_each(&c->image, RECORD_FILE, struct rec_file, known)
		if (known->mapped && known->object == object)
			return known_r->id;
	id = c->next_open++;
	rec = image_add(&c->image, RECORD_FILE, id);
	rec->kind = FILE_OBJECT;
	rec->path = xstrdup(path);
	rec->object = object;
	rec->mapped = true;
	describe(rec, st);
	return id;
}

static uint64_t exe_of(struct capture *c, struct source *s, char *path,
		       const struct stat *st, struct failure *f)
{
	static const char mark[] = " (deleted)";
	size_t n = strlen(path), m = sizeof(mark) - 1;
	const struct mount_space *space;
	char *other, magic[64];
	struct stat here;
	bool there;
	uint64_t id;

	snprintf(magic, sizeof(magic), "/proc/%d/exe", s->via);
	space = mounts_of(c, magic);
	other = mounts_path(space, path);
	there = stat(other, &here) == 0 && here.st_ino == st->st_ino;
	free(other);
	if (n <= m || strcmp(path + n - m, mark) || there)
		return mapped_file(c, space, path, st->st_ino, false, s->pid, f);
	path[n - m] = '\0';
	other = mounts_other_name(space, path, st);
	id = other ? mapped_file(c, space, other, st->st_ino, false, s->pid, f) :
		unnamed_exe(c, s, path, st, f);
	free(other);
	return id;
}

uint64_t file_for_exe(struct capture *c, struct source *s, struct failure *f)
{
	char magic[64], *path = proc_link(s->via, "exe");
	struct stat st;
	uint64_t id;

	snprintf(magic, sizeof(magic), "/proc/%d/exe", s->via);
	if (!path || stat(magic, &st) < 0) {
		free(path);
		fail_errno(f, 0, "cannot find the executable of process %d",
			   s->pid);
		return 0;
	}
	id = exe_of(c, s, path, &st, f);
	free(path);
	return id;
}

/* ---- capture: descriptors ---- */

/* /dev/null and its kin: nothing is kept between two reads or writes. */
static bool is_stateless(dev_t rdev)
{
	static const unsigned minors[] = { 3, 5, 7, 8, 9 };

	for (size_t i = 0; i < sizeof(minors) / sizeof(*minors); i++)
		if (rdev == makedev(1, minors[i]))
			return true;
	return false;
}

static bool claims(const struct source_fd *fd)
{
	return S_ISREG(fd->st.st_mode) || S_ISDIR(fd->st.st_mode) ||
	       fd->info.flags & O_PATH ||
	       (S_ISCHR(fd->st.st_mode) && is_stateless(fd->st.st_rdev));
}

#define SECRETMEM	0x5345434d	/* SECRETMEM_MAGIC, linux/magic.h */

/* Memory that has no name, and is not what other memory is; NULL it is. */
static const char *strange_memory(const struct source *s,
				  const struct source_fd *fd)
{
	char path[64];
	struct statfs fs;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->via, fd->fd);
	if (statfs(path, &fs) < 0)
		return NULL;
	return fs.f_type == SECRETMEM ? "secret memory (memfd_secret)" : NULL;
}

/* Another one than the path leads to from here. */
static bool is_elsewhere(const struct capture *c, const struct source_fd *fd)
{
	char *here = mounts_path(mounts_of_id(c, fd->info.mnt_id), fd->link);
	struct stat st;
	bool elsewhere = lstat(here, &st) < 0 ||
		(st.st_ino != fd->st.st_ino &&
		 (stat(here, &st) < 0 || st.st_ino != fd->st.st_ino));

	free(here);
	return elsewhere;
}

static int check(struct capture *c, struct source *s,
		 const struct source_fd *fd, struct failure *f)
{

	(void)f;
	if (fd->deleted) {
		const char *strange = strange_memory(s, fd);

		if (strange)
			obstacle_add(c, s, NULL, "has %s open (%s, descriptor "
				     "%d), which cannot be moved", strange,
				     fd->link, fd->fd);
		else if (!S_ISREG(fd->st.st_mode) && !S_ISDIR(fd->st.st_mode))
			obstacle_add(c, s, NULL, "has something open that was "
				     "deleted and is no file (%s, descriptor "
				     "%d)", fd->link, fd->fd);
		return 0;
	}
	if (fd->link[0] != '/')
		obstacle_add(c, s, NULL, "has something of the kernel's open "
			     "(%s, descriptor %d)", fd->link, fd->fd);
	else if (is_elsewhere(c, fd))
		obstacle_add(c, s, "run the capture where the path leads to it",
			     "has %s open (descriptor %d), which is another "
			     "file seen from here", fd->link, fd->fd);
	return 0;
}

static int object_kind(const struct source_fd *fd)
{
	if (S_ISDIR(fd->st.st_mode))
		return OBJECT_DIRECTORY;
	return strncmp(fd->link, "/memfd:", 7) ? OBJECT_DELETED : OBJECT_MEMFD;
}

/* As the tree sees it; 0 if it cannot be read. */
static uint64_t sample_fd(const struct source *s, const struct source_fd *fd)
{
	char magic[64];
	uint64_t sample;
	int mine;

	if (fd->info.flags & O_PATH)
		return 0;
	snprintf(magic, sizeof(magic), "/proc/%d/fd/%d", s->via, fd->fd);
	mine = open(magic, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (mine < 0)
		return 0;
	sample = sample_of(mine, fd->st.st_size);
	close(mine);
	return sample;
}

/* That of the file recorded before @rec, if it is the same one: some programs
 * have one open many times. */
static uint64_t sample_before(const struct capture *c,
			      const struct rec_file *rec)
{
	const struct list *l = image_list(&c->image, RECORD_FILE);
	const struct rec_file *last;

	if (l->n < 2)
		return 0;
	last = list_at(l, struct record, l->n - 2)->data;
	return last->dev == rec->dev && last->ino == rec->ino &&
	       last->size == rec->size && last->mtime_ns == rec->mtime_ns ?
	       last->sample : 0;
}

static int capture(struct capture *c, struct source *s,
		   const struct source_fd *fd, uint64_t id, struct failure *f)
{
	struct rec_file *rec = image_add(&c->image, RECORD_FILE, id);
	const struct mount_space *space = mounts_of_id(c, fd->info.mnt_id);

	rec->path = xstrdup(fd->link);
	rec->mounts = mounts_id(space);
	rec->flags = fd->info.flags & KEPT_FLAGS;
	if (!S_ISDIR(fd->st.st_mode))
		rec->flags &= ~O_DIRECTORY;	/* part of O_TMPFILE */
	rec->pos = fd->info.pos;
	describe(rec, &fd->st);
	if (fd->deleted) {
		char *other = S_ISDIR(fd->st.st_mode) ? NULL :
			mounts_other_name(space, fd->link, &fd->st);

		if (!other) {
			rec->kind = FILE_OBJECT;
			rec->object = object_of_fd(c, s, fd, object_kind(fd), f);
			return rec->object ? 0 : -1;
		}
		free(rec->path);
		rec->path = other;
		rec->sample = sample_fd(s, fd);
	} else if (S_ISDIR(fd->st.st_mode)) {
		rec->kind = FILE_DIRECTORY;
	} else if (S_ISCHR(fd->st.st_mode)) {
		rec->kind = FILE_DEVICE;
	} else {
		rec->sample = sample_before(c, rec);
		if (!rec->sample)
			rec->sample = sample_fd(s, fd);
	}
	return 0;
}

const struct fd_kind fd_kind_file = {
	.flies = true, .claims = claims, .check = check, .capture = capture,
};

/* ---- restore ---- */

/* Has the file here the sample that it had?  What was not sampled cannot be
 * told apart, and a mapped file always was. */
static bool same_sample(const struct rec_file *rec, const char *here)
{
	int fd;
	bool same;

	if (!rec->sample)
		return !rec->mapped;
	fd = open(here, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)	/* written to, and not to be read */
		return !rec->mapped;
	same = sample_of(fd, rec->size) == rec->sample;
	close(fd);
	return same;
}

static const char *remedy(const struct rec_file *rec)
{
	return rec->mapped ? "capture with --files=carry, or have the same "
			     "here" :
		"--files=accept takes it, --map leads to another one";
}

static void compare_regular(struct restore *r, const struct rec_file *rec,
			    const char *here, const struct stat *st)
{
	uint64_t size = st->st_size;
	bool accept = r->policy.files == FILES_ACCEPT && !rec->mapped;

	if (size < rec->size && !rec->mapped &&
	    (rec->flags & O_ACCMODE) != O_RDONLY && !accept)
		differs_add(r, "%s has shrunk from %llu to %llu bytes: %s",
			    rec->path, (unsigned long long)rec->size,
			    (unsigned long long)size, remedy(rec));
	else if ((size < rec->size || (rec->mapped && size > rec->size)) &&
		 !accept)
		differs_add(r, "%s is another file here: %llu bytes, not %llu: "
			    "%s", rec->path, (unsigned long long)size,
			    (unsigned long long)rec->size, remedy(rec));
	else if ((size != rec->size || mtime_ns(st) != rec->mtime_ns) &&
		 (size < rec->size || !same_sample(rec, here))) {
		if (accept)
			warning_add(r, "%s is another file here, and used as it "
				    "is", rec->path);
		else
			differs_add(r, "%s is another file here: its content "
				    "differs: %s", rec->path, remedy(rec));
	}
}

/* On the machine that the stream is from.  The number alone may have been given
 * to another file since. */
static bool is_very_same(const struct rec_file *rec, const char *here)
{
	struct stat st;

	return stat(here, &st) == 0 && st.st_dev == rec->dev &&
	       st.st_ino == rec->ino && (uint64_t)st.st_size == rec->size &&
	       mtime_ns(&st) == rec->mtime_ns;
}

/* What a file of such a file system holds is made when it is read. */
static bool is_kernels(const char *path)
{
	static const uint64_t types[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP2_SUPER_MAGIC,
		CGROUP_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
		SECURITYFS_MAGIC,
	};
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if ((uint64_t)fs.f_type == types[i])
			return true;
	return false;
}

/* @here is the path for us. */
static void compare(struct restore *r, struct rec_file *rec, const char *here,
		    bool same)
{
	bool write = (rec->flags & O_ACCMODE) != O_RDONLY;
	struct stat st;

	if (rec->carried &&
	    carry_choose(r, rec, same && is_very_same(rec, here)))
		return;
	if ((rec->flags & O_PATH ? lstat(here, &st) : stat(here, &st)) < 0) {
		differs_add(r, "%s: %s%s", rec->path, strerror(errno),
			    errno != ENOENT ? "" :
			    rec->kind != FILE_REGULAR ? ": make it, or lead "
			    "elsewhere with --map" : ": copy it here, lead "
			    "elsewhere with --map, or capture with "
			    "--files=carry");
		return;
	}
	if ((st.st_mode & S_IFMT) != (rec->mode & S_IFMT)) {
		differs_add(r, "%s is not the kind of file it was", rec->path);
		return;
	}
	if (!(rec->flags & O_PATH) &&
	    faccessat(AT_FDCWD, here,
		      ((rec->flags & O_ACCMODE) != O_WRONLY ? R_OK : 0) |
		      (write ? W_OK : 0), AT_EACCESS) < 0) {
		differs_add(r, "%s: %s", rec->path, strerror(errno));
		return;
	}
	if (S_ISCHR(st.st_mode) && st.st_rdev != rec->rdev)
		differs_add(r, "%s is another device here", rec->path);
	if (S_ISREG(st.st_mode) && !(rec->flags & O_PATH) &&
	    !is_kernels(here) &&
	    !(same && st.st_dev == rec->dev && st.st_ino == rec->ino &&
	      (uint64_t)st.st_size >= rec->size))
		compare_regular(r, rec, here, &st);
}

static int verify(struct restore *r, struct failure *f)
{
	bool same = restore_same_boot(r);
	char *here;

	image_each(&r->image, RECORD_FILE, struct rec_file, rec) {
		if (rec->kind > FILE_OBJECT ||
		    (rec->flags & ~(uint32_t)KEPT_FLAGS) ||
		    (rec->kind != FILE_OBJECT &&
		     (!rec->path || rec->path[0] != '/')) ||
		    !mounts_known(r, rec->mounts))
			return fail(f, STATUS_STREAM, "file %llu is not sound",
				    (unsigned long long)rec_r->id);
		if (rec->kind == FILE_OBJECT) {
			if (!image_find(&r->image, RECORD_OBJECT, rec->object))
				return fail(f, STATUS_STREAM, "file %llu is an "
					    "object that the stream does not "
					    "have", (unsigned long long)rec_r->id);
			continue;
		}
		if (mounts_made(&r->image, rec->mounts, rec->path))
			continue;	/* it comes with the stream, or later */
		here = mounts_here(r, rec->mounts, rec->path);
		compare(r, rec, here, same);
		free(here);
	}
	return 0;
}

static int open_object(struct restore *r, const struct rec_file *rec)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 opened_find(&r->objects, rec->object));
	return open(path, (rec->flags & ~(O_NOFOLLOW | O_DIRECTORY)) | O_CLOEXEC);
}

static int open_file(struct restore *r, const struct rec_file *rec)
{
	char *here;
	int fd;

	if (rec->kind == FILE_OBJECT)
		return open_object(r, rec);
	here = mounts_here(r, rec->mounts, rec->path);
	fd = open(here, rec->flags | O_CLOEXEC | O_NOCTTY);
	free(here);
	return fd;
}

/* Where one is in a directory is a number that only its file system knows. */
static void go_to_entry(struct restore *r, const struct rec_file *rec, int fd)
{
	struct stat st;

	if (!rec->pos || rec->flags & O_PATH)
		return;
	if (lseek(fd, rec->pos, SEEK_SET) < 0)
		warning_add(r, "the directory %s is read from its beginning: %s",
			    rec->path, strerror(errno));
	else if (fstat(fd, &st) == 0 &&
		 (st.st_ino != rec->ino || st.st_dev != rec->dev))
		warning_add(r, "the directory %s was just being read: entries "
			    "may come twice or not at all", rec->path);
}

static int prepare_one(struct restore *r, const struct rec_file *rec,
		       struct list *where, uint64_t id, struct failure *f)
{
	int fd = open_file(r, rec);

	if (fd < 0)
		return fail_errno(f, STATUS_DIFFERS, "cannot open %s",
				  rec->path);
	if (rec->kind == FILE_DIRECTORY)
		go_to_entry(r, rec, fd);
	else if (rec->pos && !(rec->flags & O_PATH) &&
		 lseek(fd, rec->pos, SEEK_SET) < 0) {
		close(fd);
		return fail_errno(f, STATUS_DIFFERS, "cannot go to byte %llu "
				  "of %s", (unsigned long long)rec->pos,
				  rec->path);
	}
	return opened_add(r, where, id, fd, f);
}

static bool is_late(const struct restore *r, const struct rec_file *rec)
{
	return rec->kind != FILE_OBJECT &&
	       mounts_late(&r->image, rec->mounts, rec->path);
}

static int prepare(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_FILE, struct rec_file, rec)
		if (!is_late(r, rec) &&
		    prepare_one(r, rec, &r->opened, rec_r->id, f) < 0)
			return -1;
	return 0;
}

/* What is on a file system that is only there now; once, for all. */
static int build(struct restore *r, struct puppet *p, struct failure *f)
{
	if (p->parent)
		return 0;
	image_each(&r->image, RECORD_FILE, struct rec_file, rec)
		if (is_late(r, rec) &&
		    prepare_one(r, rec, &r->late, rec_r->id, f) < 0)
			return -1;
	return 0;
}

static int again(struct restore *r, const struct puppet *top,
		 const struct rec_file *rec)
{
	char *path;
	int fd;

	if (rec->kind == FILE_OBJECT)
		return open_object(r, rec);
	path = xasprintf("/proc/%d/root%s", top->pid, rec->path);
	fd = open(path, rec->flags | O_CLOEXEC | O_NOCTTY);
	free(path);
	return fd;
}

int files_again(struct restore *r, struct puppet *top, struct failure *f)
{
	struct list all = { 0 };
	int rc;

	image_each(&r->image, RECORD_FILE, struct rec_file, rec) {
		int fd;

		if (rec->mapped || rec->kind == FILE_DEVICE || rec->mounts)
			continue;
		fd = again(r, top, rec);
		if (fd < 0)
			continue;
		if (!(rec->flags & O_PATH))
			lseek(fd, rec->pos, SEEK_SET);
		*(struct replacement *)list_add(&all,
						sizeof(struct replacement)) =
			(struct replacement){ file_fd(r, rec_r->id), fd };
	}
	rc = puppet_replace(r, top, all.items, all.n, f);
	list_each(&all, struct replacement, v)
		close(v->fd);
	list_free(&all);
	return rc;
}

int file_fd(const struct restore *r, uint64_t id)
{
	return opened_find(&r->opened, id);
}

const struct kind kind_file = {
	.type = RECORD_FILE, .schema = &schema, .unique = true,
	.open = true,
	.verify = verify, .prepare = prepare, .build = build,
};
