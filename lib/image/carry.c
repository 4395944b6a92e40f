/* SPDX-License-Identifier: MIT */
/*
 * carry.c - files that travel in the stream
 *
 * Captured with --files=carry, a regular file that the tree has open or mapped
 * has a record with a hash of its content, and its bytes are pages with the
 * record's id, before all other pages.  The restore looks first for the same
 * file at its path.  If that is another one or none, then
 *
 *	read only, mapped	the carried one goes to a cache, named by its
 *				content, and is used from there; the path is
 *				left alone
 *	written to		it is made again at its path if there is none;
 *				one that differs is replaced with
 *				--files=overwrite alone
 *
 * A file appears under its name only once its bytes have come and their hash is
 * right; if the restore fails after that, what it made is taken away again.
 */
#include "image/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "image/cache.h"
#include "image/memory.h"
#include "image/mounts.h"

static const struct field fields[] = {
	FIELD(struct rec_carried, gid, FIELD_UINT),
	FIELD(struct rec_carried, uid, FIELD_UINT),
	FIELD(struct rec_carried, hash, FIELD_FIXED),
	FIELD(struct rec_carried, mode, FIELD_UINT),
	FIELD(struct rec_carried, name, FIELD_TEXT),
	FIELD(struct rec_carried, size, FIELD_UINT),
	FIELD(struct rec_carried, mtime_ns, FIELD_UINT),
};

static const struct schema schema = SCHEMA("carried file", struct rec_carried,
					   fields);

#define SIZE_MAX_CARRIED (1ull << 46)

/* ---- capture ---- */

/* What the kernel makes up as it is read is not a file to be carried, nor what
 * cannot be written. */
static bool is_made_up(int fd)
{
	static const long types[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
		SECURITYFS_MAGIC, BPF_FS_MAGIC, PSTOREFS_MAGIC,
		EFIVARFS_MAGIC, 0x62656570 /* configfs */, HUGETLBFS_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (fs.f_type == types[i])
			return true;
	return false;
}

static int open_to_carry(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))) {
		close(fd);
		errno = ESTALE;
		return -1;
	}
	return fd;
}

static void check_path(struct capture *c, struct source *s, const char *path)
{
	char *here = mounts_path(s->space, path);
	struct stat st;
	int fd;

	if (stat(here, &st) < 0 || !S_ISREG(st.st_mode)) {
		free(here);
		return;		/* others say so, if that matters */
	}
	fd = open_to_carry(here, &st);
	free(here);
	if (fd >= 0)
		close(fd);
	else
		obstacle_add(c, s, "capture it as root, or leave out "
			     "--files=carry and have the file at the other end",
			     "uses %s, which cannot be read to be carried (%s)",
			     path, strerror(errno));
}

static int check(struct capture *c, struct source *s, struct failure *f)
{
	const char *last = "";

	(void)f;
	if (!c->carry)
		return 0;
	list_each(&s->fds, struct source_fd, fd)
		if (S_ISREG(fd->st.st_mode) && !fd->deleted &&
		    fd->link[0] == '/' && !(fd->info.flags & O_PATH))
			check_path(c, s, fd->link);
	list_each(&s->maps, struct proc_map, m)
		if (m->path[0] == '/' && !m->deleted && strcmp(m->path, last)) {
			check_path(c, s, m->path);
			last = m->path;
		}
	return 0;
}

static uint64_t known_file(const struct capture *c, const struct rec_file *file)
{
	list_each(&c->carried, struct seen_object, o)
		if (o->dev == file->dev && o->ino == file->ino)
			return o->id;
	return 0;
}

static int carry(struct capture *c, struct rec_file *file, struct failure *f)
{
	const struct mount_space *space = mounts_with_id(c, file->mounts);
	struct seen_object *seen;
	struct rec_carried *rec;
	struct stat st;
	char *here;
	int fd;

	file->carried = known_file(c, file);
	if (file->carried || mounts_carried(space, file->path))
		return 0;
	here = mounts_path(space, file->path);
	fd = open_to_carry(here, &st);
	free(here);
	if (fd < 0)
		return fail_errno(f, STATUS_OBSTACLE, "cannot read %s to carry "
				  "it", file->path);
	if (is_made_up(fd)) {
		close(fd);
		return 0;
	}
	file->carried = c->next_object++;
	seen = list_add(&c->carried, sizeof(*seen));
	*seen = (struct seen_object){ .id = file->carried, .dev = file->dev,
				      .ino = file->ino, .fd = fd };
	rec = image_add(&c->image, RECORD_CARRIED, file->carried);
	rec->name = xstrdup(file->path);
	rec->size = st.st_size;
	rec->mode = st.st_mode & 07777;
	rec->uid = st.st_uid;
	rec->gid = st.st_gid;
	rec->mtime_ns = st.st_mtim.tv_sec * 1000000000ull + st.st_mtim.tv_nsec;
	if (st.st_ino != file->ino || st.st_dev != file->dev ||
	    cache_hash(fd, rec->size, rec->hash) < 0)
		return fail(f, STATUS_OBSTACLE, "%s changes while it is read to "
			    "be carried", file->path);
	return 0;
}

/* After all other kinds, once. */
static int capture(struct capture *c, struct source *s, struct failure *f)
{
	if (!c->carry || s->parent)
		return 0;
	image_each(&c->image, RECORD_FILE, struct rec_file, file)
		if (file->kind == FILE_REGULAR && !(file->flags & O_PATH) &&
		    carry(c, file, f) < 0)
			return -1;
	return 0;
}

int carry_unchanged(const struct capture *c, struct failure *f)
{
	list_each(&c->carried, struct seen_object, o) {
		const struct rec_carried *k =
			image_find(&c->image, RECORD_CARRIED, o->id);
		struct stat st;

		if (fstat(o->fd, &st) < 0 || (uint64_t)st.st_size != k->size ||
		    st.st_mtim.tv_sec * 1000000000ull + st.st_mtim.tv_nsec !=
		    k->mtime_ns)
			return fail(f, STATUS_OBSTACLE, "%s changes while it is "
				    "being carried: somebody outside the tree "
				    "writes to it", k->name);
	}
	return 0;
}

/* ---- restore: what is to be done ---- */

enum place { PLACE_NONE, PLACE_CACHE, PLACE_PATH };

/* A carried file for which there is something to do. */
struct carrying {
	uint64_t id;
	const struct rec_carried *rec;
	enum place place;
	bool over;		/* replaces what is at @path */
	char *path;		/* owned: where it is to be */
	const char *first;	/* path of the same file, that is made before;
				   NULL none */
	int fd;			/* owned: being filled, -1 */
	char *temp;		/* owned: its name meanwhile; NULL it has none */
};

/* What is undone if the restore fails. */
struct made {
	char *path;		/* owned */
	char *old;		/* owned: what it replaced; NULL nothing */
	bool dir;
};

static bool is_written(const struct restore *r, uint64_t carried)
{
	image_each(&r->image, RECORD_FILE, struct rec_file, file)
		if (file->carried == carried &&
		    (file->flags & O_ACCMODE) != O_RDONLY)
			return true;
	return false;
}

static struct carrying *find_carrying(const struct restore *r, uint64_t id)
{
	list_each(&r->carrying, struct carrying, k)
		if (k->id == id)
			return k;
	return NULL;
}

static bool will_make(const struct restore *r, const char *path)
{
	list_each(&r->carrying, struct carrying, k)
		if (k->place == PLACE_PATH && !strcmp(k->path, path))
			return true;
	return false;
}

/* Right to the byte, as far as it went; a file that is not mapped may have
 * grown since. */
static bool is_here(const struct restore *r, const struct rec_file *file,
		    const struct rec_carried *k)
{
	char *path = mounts_here(r, file->mounts, file->path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t hash[CACHE_HASH];
	struct stat st;
	bool here;

	free(path);
	if (fd < 0)
		return false;
	here = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (file->mapped ? (uint64_t)st.st_size == k->size :
		(uint64_t)st.st_size >= k->size) &&
	       cache_hash(fd, k->size, hash) == 0 &&
	       !memcmp(hash, k->hash, CACHE_HASH);
	close(fd);
	return here;
}

static struct carrying *carrying_add(struct restore *r, uint64_t id,
				     const struct rec_carried *rec,
				     enum place place, char *path)
{
	struct carrying *k = list_add(&r->carrying, sizeof(*k));

	*k = (struct carrying){ .id = id, .rec = rec, .place = place,
				.path = path, .fd = -1 };
	return k;
}

static void choose_path(struct restore *r, struct rec_file *file,
			const struct rec_carried *rec)
{
	const struct carrying *known = find_carrying(r, file->carried);
	const char *first_path = known ? known->path : NULL;
	bool exists;
	struct stat st;
	struct carrying *k;

	if (file->mounts && !mounts_outer(&r->image, file->mounts, file->path)) {
		differs_add(r, "%s, which the program writes to in a mount "
			    "namespace of its own, is not here as it was: copy "
			    "it to what is mounted there", file->path);
		return;
	}
	exists = lstat(file->path, &st) == 0;

	if (exists && r->policy.files != FILES_OVERWRITE) {
		differs_add(r, "%s is another file here than the one that the "
			    "program writes to: --files=overwrite replaces it, "
			    "--map=%s=PATH leads elsewhere", file->path,
			    file->path);
		return;
	}
	if (exists && !S_ISREG(st.st_mode)) {
		differs_add(r, "%s is not the kind of file it was", file->path);
		return;
	}
	k = carrying_add(r, file->carried, rec, PLACE_PATH,
			 xstrdup(file->path));
	k->over = exists;
	k->first = first_path;
}

/* May a program be run, and code be mapped, from there? */
static void check_exec(struct restore *r, const char *dir)
{
	struct statvfs fs;

	if (statvfs(dir, &fs) == 0 && fs.f_flag & ST_NOEXEC)
		differs_add(r, "nothing can be executed from %s, which is to "
			    "keep files that the stream carries: use "
			    "--cache=DIR", dir);
}

static void choose_cache(struct restore *r, struct rec_file *file,
			 const struct rec_carried *rec)
{
	struct failure f = { 0 };
	struct carrying *k;
	char *path;

	if (!r->cache) {
		r->cache = cache_dir(r->policy.cache, &f);
		if (!r->cache) {
			differs_add(r, "%s", f.text);
			r->cache = xstrdup("");
		} else {
			check_exec(r, r->cache);
		}
	}
	if (!r->cache[0])
		return;
	path = cache_path(r->cache, rec->hash, rec->size, rec->mode);
	k = carrying_add(r, file->carried, rec, PLACE_CACHE, path);
	if (cache_has(path, rec->hash, rec->size))
		k->place = PLACE_NONE;
	free(file->path);
	file->path = xstrdup(path);
	file->mounts = 0;
}

bool carry_choose(struct restore *r, struct rec_file *file, bool very_same)
{
	const struct rec_carried *rec =
		image_find(&r->image, RECORD_CARRIED, file->carried);
	const struct carrying *known = find_carrying(r, file->carried);

	if (!rec || very_same || r->policy.files == FILES_REQUIRE)
		return false;
	if (known && known->place != PLACE_PATH) {
		free(file->path);
		file->path = xstrdup(known->path);
		file->mounts = 0;
		return true;
	}
	if (will_make(r, file->path))
		return true;
	if (is_here(r, file, rec))
		return true;
	if (is_written(r, file->carried))
		choose_path(r, file, rec);
	else
		choose_cache(r, file, rec);
	return true;
}

static int verify(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_CARRIED, struct rec_carried, k)
		if (k_r->id < OBJECT_FIRST || k->size > SIZE_MAX_CARRIED ||
		    !k->name || k->mode & ~07777u ||
		    image_find(&r->image, RECORD_OBJECT, k_r->id))
			return fail(f, STATUS_STREAM, "carried file %llu is not "
				    "sound", (unsigned long long)k_r->id);
	image_each(&r->image, RECORD_FILE, struct rec_file, file)
		if (file->carried && (file->kind != FILE_REGULAR ||
		    !image_find(&r->image, RECORD_CARRIED, file->carried)))
			return fail(f, STATUS_STREAM, "file %llu is a carried "
				    "one that the stream does not have",
				    (unsigned long long)file_r->id);
	return 0;
}

/* ---- restore: doing it ---- */

static struct made *made_add(struct restore *r, const char *path)
{
	struct made *m = list_add(&r->made, sizeof(*m));

	m->path = xstrdup(path);
	return m;
}

/* The directories above @path; those that were missing are told of. */
static int make_dirs(struct restore *r, const char *path, struct failure *f)
{
	char *dir = xstrdup(path);
	int rc = 0;

	for (char *p = dir + 1; *p && rc == 0; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(dir, 0755) == 0) {
			made_add(r, dir)->dir = true;
			warning_add(r, "made the directory %s, for a file that "
				    "the program writes to", dir);
		} else if (errno != EEXIST) {
			rc = fail_errno(f, STATUS_DIFFERS, "cannot make the "
					"directory %s", dir);
		}
		*p = '/';
	}
	free(dir);
	return rc;
}

static char *dir_of(const char *path)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');

	slash[slash == dir ? 1 : 0] = '\0';
	return dir;
}

/* Without a name, where the file system can; else under a passing one. */
static int begin(struct restore *r, struct carrying *k, struct failure *f)
{
	char *dir;

	if (k->place == PLACE_PATH ? make_dirs(r, k->path, f) < 0 :
	    cache_make(r->cache, f) < 0)
		return -1;
	if (k->first)
		return 0;
	dir = dir_of(k->path);
	k->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (k->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		k->temp = xasprintf("%s/.sojourn-XXXXXX", dir);
		k->fd = mkostemp(k->temp, O_CLOEXEC);
		if (k->fd < 0) {
			free(k->temp);
			k->temp = NULL;
		}
	}
	free(dir);
	if (k->fd < 0 || ftruncate(k->fd, k->rec->size) < 0)
		return fail_errno(f, STATUS_DIFFERS, "cannot make %s", k->path);
	return 0;
}

static int begin_all(struct restore *r, struct failure *f)
{
	list_each(&r->carrying, struct carrying, k)
		if (k->place != PLACE_NONE && begin(r, k, f) < 0)
			return -1;
	return 0;
}

static int take_run(struct restore *r, const struct rec_carried *rec,
		    const struct stream_item *item, const void *data,
		    struct failure *f)
{
	uint64_t len = (uint64_t)item->count * STREAM_PAGE;
	uint64_t end = (rec->size + STREAM_PAGE - 1) & ~(STREAM_PAGE - 1ull);

	if (item->address >= end || len > end - item->address)
		return fail(f, STATUS_STREAM, "pages at 0x%llx are beyond the "
			    "end of the carried file %s",
			    (unsigned long long)item->address, rec->name);
	if (item->address + len > rec->size)
		len = rec->size - item->address;
	list_each(&r->carrying, struct carrying, k)
		if (k->id == item->id && k->fd >= 0 &&
		    pwrite(k->fd, data, len, item->address) != (ssize_t)len)
			return fail_errno(f, STATUS_IO, "cannot write %s",
					  k->path);
	return 0;
}

/* Under its name, which nobody has; in a cache somebody may have been faster,
 * with the same. */
static int give_name(struct carrying *k)
{
	char magic[64];

	if (k->first)		/* another name of it */
		return link(k->first, k->path);
	if (k->temp)
		return link(k->temp, k->path) == 0 ? unlink(k->temp) : -1;
	snprintf(magic, sizeof(magic), "/proc/self/fd/%d", k->fd);
	return linkat(AT_FDCWD, magic, AT_FDCWD, k->path, AT_SYMLINK_FOLLOW);
}

/* The other one stays beside it until all is well. */
static int put_aside(const struct carrying *k, char **old, struct failure *f)
{
	*old = xasprintf("%s.sojourn-%d", k->path, (int)getpid());
	if (rename(k->path, *old) == 0)
		return 0;
	free(*old);
	*old = NULL;
	return fail_errno(f, STATUS_DIFFERS, "cannot replace %s", k->path);
}

static void set_owner(const struct restore *r, const struct carrying *k)
{
	const struct rec_carried *rec = k->rec;
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_NOW },
		{ rec->mtime_ns / 1000000000, rec->mtime_ns % 1000000000 },
	};
	uid_t uid = rec->uid;
	gid_t gid = rec->gid;

	if (r->policy_user_set && uid == r->policy_uid_from) {
		uid = r->policy_uid;
		gid = r->policy_gid;
	}
	if (k->place == PLACE_PATH && geteuid() == 0 &&
	    fchown(k->fd, uid, gid) < 0)
		errno = 0;	/* it stays ours then */
	/* Never with the right to become somebody else. */
	fchmod(k->fd, k->place == PLACE_CACHE ? cache_mode(rec->mode) :
	       rec->mode & 01777);
	futimens(k->fd, times);
}

static int finish(struct restore *r, struct carrying *k, struct failure *f)
{
	uint8_t hash[CACHE_HASH];
	char *old = NULL;
	struct made *m;

	if (!k->first) {
		if (cache_hash(k->fd, k->rec->size, hash) < 0 ||
		    memcmp(hash, k->rec->hash, CACHE_HASH))
			return fail(f, STATUS_STREAM, "the carried file %s is "
				    "not what its hash says", k->rec->name);
		set_owner(r, k);
	}
	if (k->over && put_aside(k, &old, f) < 0)
		return -1;
	if (give_name(k) < 0) {
		int err = errno;

		if (k->place == PLACE_CACHE && err == EEXIST) {
			if (cache_has(k->path, hash, k->rec->size))
				return 0;
			/* It is not what its name says: away with it. */
			if (unlink(k->path) == 0 && give_name(k) == 0)
				return 0;
		}
		if (old)
			rename(old, k->path);
		free(old);
		errno = err;
		return fail_errno(f, STATUS_DIFFERS, "cannot make %s", k->path);
	}
	free(k->temp);
	k->temp = NULL;
	m = made_add(r, k->path);
	m->old = old;
	return 0;
}

static int finish_all(struct restore *r, struct failure *f)
{
	list_each(&r->carrying, struct carrying, k) {
		if (k->place != PLACE_NONE && finish(r, k, f) < 0)
			return -1;
		if (k->fd >= 0)
			close(k->fd);
		k->fd = -1;
	}
	return 0;
}

int carry_receive(struct restore *r, struct stream_in *in,
		  struct stream_item *item, int *more, struct failure *f)
{
	if (begin_all(r, f) < 0)
		return -1;
	while (*more > 0 && item->type == STREAM_PAGES) {
		const struct rec_carried *rec =
			image_find(&r->image, RECORD_CARRIED, item->id);
		const void *data;

		if (!rec)
			break;
		data = stream_get_pages(in, f);
		if (!data || take_run(r, rec, item, data, f) < 0)
			return -1;
		*more = memory_next(r, in, item, f);
	}
	return *more < 0 ? -1 : finish_all(r, f);
}

/* ---- the end ---- */

static void forget(struct restore *r)
{
	list_each(&r->carrying, struct carrying, k) {
		if (k->fd >= 0)
			close(k->fd);
		if (k->temp)
			unlink(k->temp);
		free(k->temp);
		free(k->path);
	}
	list_each(&r->made, struct made, m) {
		free(m->path);
		free(m->old);
	}
	list_free(&r->carrying);
	list_free(&r->made);
	free(r->cache);
	r->cache = NULL;
}

void carry_commit(struct restore *r)
{
	list_each(&r->made, struct made, m)
		if (m->old)
			unlink(m->old);
	forget(r);
}

void carry_undo(struct restore *r)
{
	for (size_t i = r->made.n; i--;) {
		struct made *m = list_at(&r->made, struct made, i);

		if (m->dir)
			rmdir(m->path);
		else if (m->old)
			rename(m->old, m->path);
		else
			unlink(m->path);
	}
	forget(r);
}

const struct kind kind_carried = {
	.type = RECORD_CARRIED, .schema = &schema, .unique = true,
	.check = check, .capture = capture, .verify = verify,
};
