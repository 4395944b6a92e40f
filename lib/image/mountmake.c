/* SPDX-License-Identifier: MIT */
/*
 * mountmake.c - mount namespaces of a tree made again
 *
 * A child of ours makes each: a copy of our own, in which is mounted what the
 * record says, or a root of which nothing was ours.  What was opened stays with
 * us, since the child has our descriptors.  A namespace has no name and its
 * mounts hang in no other: if the restore fails, it goes with the last
 * descriptor of it.
 *
 * The processes that a mount of proc shows are those of the PID namespace that
 * the tree comes to be in.  So these mounts, and all that is mounted on them,
 * come later (*late*), when the first puppet is there to make them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/mounts.h"
#include "image/pids.h"
#include "image/restore.h"
#include "proc/mounts.h"

#define SET_GROUP	0x00000100	/* MOVE_MOUNT_SET_GROUP, 5.15 */
#define ALL_FLAGS	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |	\
			 MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |		\
			 MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME |	\
			 0x00200000 /* MOUNT_ATTR_NOSYMFOLLOW */)

/* A namespace that has been made. */
struct made_space {
	uint64_t id;
	int ns, root;		/* owned */
};

/* ---- what the records say ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strcmp(dir, "/") ? strlen(dir) : 0;

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

static const struct rec_mounts *space_of(const struct image *img, uint64_t id)
{
	return id ? image_find(img, RECORD_MOUNTS, id) : NULL;
}

static bool is_proc(const struct image *img, const struct rec_mount *m)
{
	const struct rec_filesystem *fs = m->filesystem ?
		image_find(img, RECORD_FILESYSTEM, m->filesystem) : NULL;

	return fs && fs->type && !strcmp(fs->type, "proc");
}

/* The one that @path is on, if it is not mounted itself: @n are to be looked
 * at. */
static const struct rec_mount *mount_below(const struct rec_mounts *rec,
					   const char *path, size_t n)
{
	const struct rec_mount *all = rec->mounts.items;

	while (n--)
		if (all[n].kind != MOUNT_GONE && all[n].point &&
		    is_below(path, all[n].point))
			return &all[n];
	return NULL;
}

static bool is_late(const struct image *img, const struct rec_mounts *rec,
		    const struct rec_mount *m)
{
	const struct rec_mount *all = rec->mounts.items;

	while (m && m->kind != MOUNT_KEPT) {
		if (m->kind == MOUNT_INNER && is_proc(img, m))
			return true;
		m = mount_below(rec, m->point, m - all);
	}
	return false;
}

bool mounts_late(const struct image *img, uint64_t id, const char *path)
{
	const struct rec_mounts *rec = space_of(img, id);

	return rec && is_late(img, rec, mount_below(rec, path, rec->mounts.n));
}

bool mounts_made(const struct image *img, uint64_t id, const char *path)
{
	const struct rec_mounts *rec = space_of(img, id);
	const struct rec_mount *m = rec ?
		mount_below(rec, path, rec->mounts.n) : NULL;

	return m && m->kind == MOUNT_INNER;
}

bool mounts_outer(const struct image *img, uint64_t id, const char *path)
{
	const struct rec_mounts *rec = space_of(img, id);
	const struct rec_mount *m = rec ?
		mount_below(rec, path, rec->mounts.n) : NULL;

	return !id || (m && m->kind == MOUNT_KEPT);
}

bool mounts_known(const struct restore *r, uint64_t id)
{
	return !id || space_of(&r->image, id);
}

static bool is_path(const char *path)
{
	return path && path[0] == '/' && !strstr(path, "/../") &&
	       (strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/.."));
}

static bool mount_sound(const struct restore *r, const struct rec_mount *m)
{
	const struct rec_filesystem *fs = m->filesystem ?
		image_find(&r->image, RECORD_FILESYSTEM, m->filesystem) : NULL;

	if (!is_path(m->point) || m->flags & ~(uint32_t)ALL_FLAGS ||
	    m->sharing > SHARING_UNBINDABLE || m->kind > MOUNT_GONE ||
	    (m->filesystem && !fs))
		return false;
	if (m->kind == MOUNT_OUTER)
		return is_path(m->source);
	return m->kind != MOUNT_INNER || (fs && is_path(m->root));
}

static int verify(const struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_FILESYSTEM, struct rec_filesystem, fs)
		if (!fs->type || !mounts_makes(fs->type))
			return fail(f, STATUS_STREAM, "file system %llu of the "
				    "stream is of no kind that can be made",
				    (unsigned long long)fs_r->id);
	image_each(&r->image, RECORD_MOUNTS, struct rec_mounts, rec) {
		const struct rec_mount *first = rec->mounts.items;

		list_each(&rec->mounts, struct rec_mount, m)
			if (!mount_sound(r, m) ||
			    (rec->pivoted && (m->kind == MOUNT_KEPT ||
					      m->kind == MOUNT_GONE)))
				return fail(f, STATUS_STREAM, "a mount of "
					    "namespace %llu is not sound",
					    (unsigned long long)rec_r->id);
		if (!rec_r->id || (rec->pivoted &&
				   (!rec->mounts.n || first->point[1] ||
				    is_late(&r->image, rec, first))))
			return fail(f, STATUS_STREAM, "mount namespace %llu of "
				    "the stream has no root",
				    (unsigned long long)rec_r->id);
	}
	return content_verify(r, f);
}

/* ---- file systems ---- */

/* Layers one by one: a string of fsconfig(2) is below 256 bytes. */
static int set_layers(const struct restore *r, int fs, const char *key,
		      char *value)
{
	char *layer;

	while ((layer = mounts_layer(&value))) {
		char *path = xstrdup(layer);
		int rc;

		if (!*path) {		/* "::" comes before data layers */
			free(path);
			key = "datadir+";
			continue;
		}
		policy_path(r, &path);
		rc = fsconfig(fs, FSCONFIG_SET_STRING, key, path, 0);
		free(path);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int set_option(const struct restore *r, int fs, char *word)
{
	char *value = strchr(word, '=');

	if (!*word || !strcmp(word, "rw") || !strcmp(word, "ro"))
		return 0;
	if (!value)
		return fsconfig(fs, FSCONFIG_SET_FLAG, word, NULL, 0);
	*value++ = '\0';
	if (!strcmp(word, "lowerdir"))
		return set_layers(r, fs, "lowerdir+", value);
	if (!strcmp(word, "lowerdir+") || !strcmp(word, "datadir+") ||
	    !strcmp(word, "upperdir") || !strcmp(word, "workdir"))
		return set_layers(r, fs, word, value);
	return fsconfig(fs, FSCONFIG_SET_STRING, word, value, 0);
}

static int set_options(struct restore *r, const struct rec_filesystem *rec,
		       int fs, struct failure *f)
{
	char *copy = xstrdup(rec->options ? rec->options : ""), *rest = copy;
	char *word;
	int rc = 0;

	while (rc == 0 && (word = strsep(&rest, ","))) {
		bool layer = strstr(word, "dir=") || strstr(word, "dir+=");

		if (set_option(r, fs, word) == 0)
			continue;
		if (layer)
			rc = fail_errno(f, STATUS_DIFFERS, "cannot use the "
					"layers of an overlay (%s)", word);
		else
			warning_add(r, "option %s of a file system (%s) could "
				    "not be set: %s", word, rec->type,
				    strerror(errno));
	}
	free(copy);
	return rc;
}

static int make_filesystem(struct restore *r, uint64_t id,
			   const struct rec_filesystem *rec, struct failure *f)
{
	int fs = fsopen(rec->type, FSOPEN_CLOEXEC), fd = -1, rc = -1;

	if (fs < 0)
		return fail_errno(f, errno == ENODEV ? STATUS_DIFFERS : 0,
				  "cannot make a file system (%s): that takes "
				  "root", rec->type);
	if (rec->source)
		fsconfig(fs, FSCONFIG_SET_STRING, "source", rec->source, 0);
	if (set_options(r, rec, fs, f) == 0) {
		rc = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
		fd = rc < 0 ? -1 : fsmount(fs, FSMOUNT_CLOEXEC, 0);
		if (fd < 0)
			fail_errno(f, 0, "cannot make a file system (%s)",
				   rec->type);
	}
	close(fs);
	if (fd < 0)
		return -1;
	opened_note(&r->filesystems, id, fd);
	return content_make(r, id, fd, f);
}

/* ---- in the child: mounts ---- */

struct building {
	struct restore *r;
	const struct rec_mounts *rec;
	struct made_space *made;
	bool late;
	int fds[];		/* of each mount, -1 */
};

struct report {
	struct failure f;
	int ns, root;
};

static int set_flags(int fd, uint32_t flags, uint64_t propagation)
{
	struct mount_attr a = { .attr_set = flags, .propagation = propagation,
		.attr_clr = ALL_FLAGS & ~(uint64_t)flags };

	a.attr_clr |= MOUNT_ATTR__ATIME;
	return mount_setattr(fd, "", AT_EMPTY_PATH, &a, sizeof(a));
}

static int set_propagation(int fd, uint64_t propagation)
{
	struct mount_attr a = { .propagation = propagation };

	return mount_setattr(fd, "", AT_EMPTY_PATH, &a, sizeof(a));
}

/* A mount of the outside, or of a file system, that hangs nowhere yet. */
static int copy_of(const struct building *b, const struct rec_mount *m)
{
	int fs, fd;

	if (m->kind == MOUNT_OUTER)
		return open_tree(AT_FDCWD, m->source, OPEN_TREE_CLONE |
				 OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	fs = opened_find(&b->r->filesystems, m->filesystem);
	if (fs < 0) {
		errno = ENOENT;
		return -1;
	}
	if (m->kind == MOUNT_KEPT || !m->root[1])
		fd = open_tree(fs, "", AT_EMPTY_PATH | OPEN_TREE_CLONE |
			       OPEN_TREE_CLOEXEC);
	else
		fd = open_tree(fs, m->root + 1, OPEN_TREE_CLONE |
			       OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	/* Before 6.15 what hangs nowhere cannot be copied: it is used itself. */
	if (fd < 0 && errno == EINVAL && (m->kind == MOUNT_KEPT || !m->root[1]))
		fd = fcntl(fs, F_DUPFD_CLOEXEC, 0);
	return fd;
}

/* In a new PID namespace the proc that is outside is not the tree's; unless
 * something else is mounted there in the end. */
static bool is_replaced(const struct building *b, const struct rec_mount *m)
{
	const struct rec_mount *all = b->rec->mounts.items;
	size_t n = b->rec->mounts.n;

	if (!b->r->private_pids || m->kind != MOUNT_KEPT ||
	    !is_proc(&b->r->image, m))
		return false;
	for (const struct rec_mount *other = m + 1; other < all + n; other++)
		if (!strcmp(other->point, m->point))
			return false;
	return true;
}

static bool is_due(const struct building *b, const struct rec_mount *m)
{
	if (m->kind == MOUNT_GONE)
		return false;
	if (m->kind == MOUNT_KEPT)
		return b->late && is_replaced(b, m);
	return is_late(&b->r->image, b->rec, m) == b->late;
}

static int copy_all(struct building *b, struct failure *f)
{
	const struct rec_mount *all = b->rec->mounts.items;

	for (size_t i = 0; i < b->rec->mounts.n; i++) {
		const struct rec_mount *m = &all[i];

		if (!is_due(b, m))
			continue;
		b->fds[i] = copy_of(b, m);
		if (b->fds[i] < 0 && m->kind == MOUNT_OUTER)
			return fail_errno(f, STATUS_DIFFERS, "cannot mount %s, "
					  "which a mount namespace of the "
					  "program has on %s: make it, or lead "
					  "elsewhere with --map", m->source,
					  m->point);
		if (b->fds[i] < 0 ||
		    set_flags(b->fds[i], m->flags, MS_PRIVATE) < 0)
			return fail_errno(f, 0, "cannot make the mount on %s",
					  m->point);
	}
	return 0;
}

static int pivot(struct building *b, struct failure *f)
{
	if (move_mount(b->fds[0], "", AT_FDCWD, "/",
		       MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    fchdir(b->fds[0]) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return fail_errno(f, 0, "cannot change the root of a mount "
				  "namespace");
	return 0;
}

static bool is_mount(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH, 0, &st) == 0 &&
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* One that is there in the copy of ours; or was no mount here, and is one if it
 * has to differ. */
static int keep(struct building *b, size_t i, const struct rec_mount *m,
		struct failure *f)
{
	int fd = open(m->point, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && !is_mount(fd)) {
		close(fd);
		if (!m->changed)
			return 0;
		fd = open_tree(AT_FDCWD, m->point, OPEN_TREE_CLONE |
			       OPEN_TREE_CLOEXEC);
		if (fd >= 0 && move_mount(fd, "", AT_FDCWD, m->point,
					  MOVE_MOUNT_F_EMPTY_PATH) < 0) {
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0 && !m->changed)
		return 0;
	if (fd < 0 || (m->changed && set_flags(fd, m->flags, 0) < 0)) {
		if (fd >= 0)
			close(fd);
		return fail_errno(f, STATUS_DIFFERS, "cannot change the mount "
				  "on %s", m->point);
	}
	b->fds[i] = fd;
	return 0;
}

static int place_all(struct building *b, struct failure *f)
{
	const struct rec_mount *all = b->rec->mounts.items;

	for (size_t i = 0; i < b->rec->mounts.n; i++) {
		const struct rec_mount *m = &all[i];

		if (m->kind == MOUNT_GONE && !b->late)
			umount2(m->point, MNT_DETACH | UMOUNT_NOFOLLOW);
		if (m->kind == MOUNT_KEPT && !b->late && keep(b, i, m, f) < 0)
			return -1;
		if (!is_due(b, m) || (b->rec->pivoted && i == 0))
			continue;
		if (move_mount(b->fds[i], "", AT_FDCWD, m->point,
			       MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return fail_errno(f, STATUS_DIFFERS, "cannot mount on "
					  "%s in a mount namespace of the "
					  "program", m->point);
	}
	return 0;
}

/* ---- in the child: who hears of mounts ---- */

static size_t first_of(const struct building *b, uint64_t group)
{
	const struct rec_mount *all = b->rec->mounts.items;
	size_t i = 0;

	while (i < b->rec->mounts.n &&
	       (b->fds[i] < 0 || all[i].sharing != SHARING_OWN ||
		all[i].group != group))
		i++;
	return i;
}

static int join_group(int from, int fd)
{
	return move_mount(from, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH |
			  MOVE_MOUNT_T_EMPTY_PATH | SET_GROUP);
}

static int share_one(const struct building *b, size_t i,
		     const struct rec_mount *m, int outside)
{
	int fd = b->fds[i];
	size_t first = m->group ? first_of(b, m->group) : i;
	size_t master = m->master ? first_of(b, m->master) : b->rec->mounts.n;

	switch (m->sharing) {
	case SHARING_UNBINDABLE:
		return set_propagation(fd, MS_UNBINDABLE);
	case SHARING_PEER:
		set_propagation(fd, MS_PRIVATE);
		return outside >= 0 && join_group(outside, fd) == 0 ? 0 :
			set_propagation(fd, MS_SHARED);
	case SHARING_SLAVE:
		if (master == b->rec->mounts.n)
			return 0;	/* of what is outside: it is one */
		set_propagation(fd, MS_PRIVATE);
		join_group(b->fds[master], fd);
		return set_propagation(fd, MS_SLAVE);
	case SHARING_OWN:
		set_propagation(fd, MS_PRIVATE);
		return first < i && join_group(b->fds[first], fd) == 0 ? 0 :
			set_propagation(fd, MS_SHARED);
	default:
		return set_propagation(fd, MS_PRIVATE);
	}
}

static int share_all(const struct building *b, const int *outside,
		     struct failure *f)
{
	const struct rec_mount *all = b->rec->mounts.items;

	/* Groups before those who listen to them. */
	for (int slaves = 0; slaves < 2; slaves++)
		for (size_t i = 0; i < b->rec->mounts.n; i++)
			if (b->fds[i] >= 0 &&
			    (all[i].sharing == SHARING_SLAVE) == slaves &&
			    share_one(b, i, &all[i], outside[i]) < 0)
				return fail_errno(f, 0, "cannot set how the "
						  "mount on %s is shared",
						  all[i].point);
	return 0;
}

static int *open_outside(const struct building *b)
{
	const struct rec_mount *all = b->rec->mounts.items;
	int *fds = xcalloc(b->rec->mounts.n + 1, sizeof(int));

	for (size_t i = 0; i < b->rec->mounts.n; i++)
		fds[i] = all[i].sharing == SHARING_PEER ?
			open(all[i].point, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;
	return fds;
}

static int enter_space(const struct building *b, struct failure *f)
{
	int rc;

	if (b->late)
		rc = setns(b->made->ns, CLONE_NEWNS);
	else
		rc = unshare(CLONE_NEWNS);
	if (rc == 0 && !b->late)
		rc = mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	return rc < 0 ? fail_errno(f, 0, "cannot make a mount namespace: that "
				   "takes root") : 0;
}

static int child(struct building *b, struct report *to)
{
	int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC), rc;
	int *outside = open_outside(b);

	rc = copy_all(b, &to->f) < 0 || enter_space(b, &to->f) < 0 ? -1 : 0;
	if (rc == 0 && !b->late && b->rec->pivoted)
		rc = pivot(b, &to->f);
	if (rc == 0)
		rc = place_all(b, &to->f);
	if (rc == 0)
		rc = share_all(b, outside, &to->f);
	if (rc == 0 && !b->late) {
		to->ns = openat(self, "ns/mnt", O_RDONLY | O_CLOEXEC);
		to->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (to->ns < 0 || to->root < 0)
			rc = fail_errno(&to->f, 0, "cannot open a mount "
					"namespace");
	}
	for (size_t i = 0; i < b->rec->mounts.n; i++) {
		if (b->fds[i] >= 0)
			close(b->fds[i]);
		if (outside[i] >= 0)
			close(outside[i]);
	}
	close(self);
	return rc;
}

/* ---- in the restore ---- */

/* The child has our descriptors and not our directories. */
static int build_space(struct restore *r, const struct rec_mounts *rec,
		       struct made_space *made, bool late, struct failure *f)
{
	struct building *b = xcalloc(1, sizeof(*b) +
				     rec->mounts.n * sizeof(int));
	struct report *to = mmap(NULL, sizeof(*to), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0, rc = 0;
	pid_t pid;

	*b = (struct building){ .r = r, .rec = rec, .made = made, .late = late };
	memset(b->fds, -1, rec->mounts.n * sizeof(int));
	if (to == MAP_FAILED) {
		free(b);
		return fail_errno(f, 0, "cannot map memory");
	}
	to->ns = to->root = -1;
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(child(b, to) < 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0)
		rc = fail_errno(f, 0, "cannot make a process");
	else if (to->f.status)
		rc = fail(f, to->f.status, "%s", to->f.text);
	else if (status)
		rc = fail(f, STATUS_SYSTEM, "a mount namespace could not be "
			  "made: its maker ended with status %d", status);
	if (!late) {
		made->ns = to->ns;
		made->root = to->root;
	}
	munmap(to, sizeof(*to));
	free(b);
	return rc;
}

int mounts_make(struct restore *r, struct failure *f)
{
	if (verify(r, f) < 0)
		return -1;
	image_each(&r->image, RECORD_FILESYSTEM, struct rec_filesystem, fs)
		if (strcmp(fs->type, "proc") &&
		    make_filesystem(r, fs_r->id, fs, f) < 0)
			return -1;
	image_each(&r->image, RECORD_MOUNTS, struct rec_mounts, rec) {
		struct made_space *made = list_add(&r->spaces, sizeof(*made));

		*made = (struct made_space){ rec_r->id, -1, -1 };
		if (build_space(r, rec, made, false, f) < 0)
			return -1;
	}
	return 0;
}

static struct made_space *made_of(const struct restore *r, uint64_t id)
{
	list_each(&r->spaces, struct made_space, made)
		if (made->id == id)
			return made;
	return NULL;
}

/* The directory as the links there lead to it; its last part as it is. */
char *mounts_here(const struct restore *r, uint64_t id, const char *path)
{
	const struct made_space *made = id ? made_of(r, id) : NULL;
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT };
	char magic[64], real[4096], *dir, *slash;
	ssize_t n = -1;
	int fd;

	if (!made)
		return xstrdup(path);
	dir = xstrdup(path);
	slash = strrchr(dir, '/');
	*slash = '\0';
	fd = syscall(SYS_openat2, made->root, *dir ? dir : "/", &how,
		     sizeof(how));
	if (fd >= 0) {
		snprintf(magic, sizeof(magic), "/proc/self/fd/%d", fd);
		n = readlink(magic, real, sizeof(real) - 1);
		close(fd);
	}
	real[n > 0 ? n : 0] = '\0';
	slash = xasprintf("/proc/self/fd/%d%s/%s", made->root,
			  n < 0 ? dir : real[1] ? real : "",
			  path + strlen(dir) + 1);
	free(dir);
	return slash;
}

int mounts_root(const struct restore *r, uint64_t id)
{
	const struct made_space *made = id ? made_of(r, id) : NULL;

	return made ? made->root : -1;
}

int mounts_object(const struct restore *r, uint64_t object)
{
	int fd = opened_find(&r->placed, object);

	if (fd < 0)
		errno = ENOENT;
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, r->fd_base);
}

static int move_up(const struct restore *r, int *fd, struct failure *f)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, r->fd_base);

	if (high < 0)
		return fail_errno(f, 0, "too many descriptors");
	close(*fd);
	*fd = high;
	return 0;
}

int mounts_prepare(struct restore *r, struct failure *f)
{
	list_each(&r->spaces, struct made_space, made)
		if (move_up(r, &made->ns, f) < 0 || move_up(r, &made->root, f) < 0)
			return -1;
	list_each(&r->filesystems, struct opened, fs)
		if (move_up(r, &fs->fd, f) < 0)
			return -1;
	return 0;
}

/* By the puppet, whose PID namespace it shows. */
static int make_proc(struct restore *r, struct puppet *p, uint64_t id,
		     const struct rec_filesystem *rec, struct failure *f)
{
	char *copy = xstrdup(rec->options ? rec->options : ""), *rest = copy;
	char *word;
	struct batch b;
	int64_t fs = -1, theirs = -1;
	int ours, rc;

	puppet_batch(p, &b);
	batch_add(&b, "make a file system", SYS_fsopen, batch_text(&b, "proc"),
		  0);
	rc = batch_run(&b, f);
	fs = rc < 0 ? -1 : batch_ret(&b, 0);
	batch_free(&b);
	puppet_batch(p, &b);
	while (rc == 0 && (word = strsep(&rest, ","))) {
		char *value = strchr(word, '=');

		if (value)
			*value++ = '\0';
		if (!*word || !strcmp(word, "rw") || !strcmp(word, "ro"))
			continue;
		batch_add(&b, NULL, SYS_fsconfig, fs, value ?
			  FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
			  batch_text(&b, word),
			  value ? batch_text(&b, value) : 0, 0);
	}
	if (rec->source && *rec->source)
		batch_add(&b, NULL, SYS_fsconfig, fs, FSCONFIG_SET_STRING,
			  batch_text(&b, "source"), batch_text(&b, rec->source),
			  0);
	batch_add(&b, "make a file system of processes", SYS_fsconfig, fs,
		  FSCONFIG_CMD_CREATE, 0, 0, 0);
	if (rc == 0)
		rc = batch_run(&b, f);
	batch_free(&b);
	free(copy);
	if (rc == 0)
		rc = puppet_call(p, "mount it", SYS_fsmount, fs, 0, 0, 0, 0,
				 &theirs, f);
	if (rc == 0)
		rc = puppet_take(p, theirs, &ours, f);
	if (rc == 0)
		opened_note(&r->filesystems, id, ours);
	if (theirs >= 0)
		rc |= puppet_call(p, NULL, SYS_close, theirs, 0, 0, 0, 0, NULL,
				  f);
	if (fs >= 0)
		rc |= puppet_call(p, NULL, SYS_close, fs, 0, 0, 0, 0, NULL, f);
	return rc;
}

/* That of the restore or of the shepherd, where nobody of the tree is. */
static int take_proc(struct restore *r, uint64_t id, struct failure *f)
{
	int *fd = mmap(NULL, sizeof(*fd), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[64];
	int ns, rc = 0;
	pid_t pid;

	if (fd == MAP_FAILED)
		return fail_errno(f, 0, "cannot map memory");
	*fd = -1;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", r->shepherd);
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		ns = open(path, O_RDONLY | O_CLOEXEC);
		if (r->private_pids)
			setns(ns, CLONE_NEWNS);
		*fd = open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE |
				OPEN_TREE_CLOEXEC);
		close(ns);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (*fd >= 0)
		opened_note(&r->filesystems, id, *fd);
	else
		rc = fail_errno(f, 0, "cannot copy the mount of /proc");
	munmap(fd, sizeof(*fd));
	return rc;
}

static int make_late(struct restore *r, struct failure *f)
{
	image_each(&r->image, RECORD_FILESYSTEM, struct rec_filesystem, fs) {
		struct puppet *p = pids_member(r, fs->pids);
		int rc;

		if (strcmp(fs->type, "proc"))
			continue;
		if (!p && fs->pids)
			return fail(f, STATUS_STREAM, "nobody is in PID "
				    "namespace %llu, which a proc is to show",
				    (unsigned long long)fs->pids);
		rc = p ? make_proc(r, p, fs_r->id, fs, f) :
			take_proc(r, fs_r->id, f);
		if (rc < 0)
			return -1;
	}
	image_each(&r->image, RECORD_MOUNTS, struct rec_mounts, rec)
		if (build_space(r, rec, made_of(r, rec_r->id), true, f) < 0)
			return -1;
	return 0;
}

int mounts_build(struct restore *r, struct puppet *p, struct failure *f)
{
	const struct made_space *made = made_of(r, p->rec->mounts);
	struct batch *b;

	if (!p->parent && r->spaces.n && make_late(r, f) < 0)
		return -1;
	if (!p->rec->mounts || !made)
		return 0;
	b = puppet_queue(p, f);
	if (!b)
		return -1;
	batch_add(b, "enter a mount namespace", SYS_setns, made->ns,
		  CLONE_NEWNS);
	return 0;
}

/* As the file system was, when all that is in it has been written. */
static void set_readonly(struct restore *r, const struct rec_filesystem *rec,
			 int fd)
{
	int fs = fspick(fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		warning_add(r, "a file system (%s) that was read-only can be "
			    "written to: %s", rec->type, strerror(errno));
	if (fs >= 0)
		close(fs);
}

int mounts_commit(struct restore *r, struct failure *f)
{
	(void)f;
	list_each(&r->placed, struct opened, o)
		close(o->fd);
	list_free(&r->placed);
	list_each(&r->filesystems, struct opened, fs) {
		const struct rec_filesystem *rec =
			image_find(&r->image, RECORD_FILESYSTEM, fs->id);

		content_settle(r, fs->id, fs->fd);
		if (rec->readonly)
			set_readonly(r, rec, fs->fd);
	}
	list_each(&r->filesystems, struct opened, fs)
		close(fs->fd);
	list_free(&r->filesystems);
	return 0;
}

void mounts_free(struct restore *r)
{
	list_each(&r->spaces, struct made_space, made) {
		if (made->ns >= 0)
			close(made->ns);
		if (made->root >= 0)
			close(made->root);
	}
	list_free(&r->spaces);
	list_each(&r->filesystems, struct opened, fs)
		close(fs->fd);
	list_free(&r->filesystems);
	list_each(&r->placed, struct opened, o)
		close(o->fd);
	list_free(&r->placed);
}
