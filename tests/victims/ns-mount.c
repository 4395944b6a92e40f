/* SPDX-License-Identifier: MIT */
/* ns-mount - a mount namespace of its own: file systems in memory with all
 * kinds of files in them, one file mapped and one deleted; a directory bound
 * read-only, a mount that is gone */
/* ways: -rootfs because what it has mounted is of this user land */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/xattr.h>

#define SIZE	(3 << 20)

static struct stat before;

static void fill_up(void)
{
	int fd;

	put("mem/dir", NULL, 0);
	must(mkdir(victim_path("mem/dir/deep"), 0711));
	put("mem/dir/deep/file", "some words", 0640);
	must(link(victim_path("mem/dir/deep/file"), victim_path("mem/other")));
	must(symlink("/no/where", victim_path("mem/link")));
	must(mkfifo(victim_path("mem/fifo"), 0600));
	must(mknod(victim_path("mem/null"), S_IFCHR | 0666, makedev(1, 3)));
	put("mem/empty", "", 04755);
	must(chown(victim_path("mem/empty"), 12, 34));
	must(chmod(victim_path("mem/empty"), 04755));
	must(setxattr(victim_path("mem/empty"), "trusted.a", "b", 1, 0));
	fd = must(open(victim_path("mem/holes"), O_WRONLY | O_CREAT, 0600));
	must(pwrite(fd, "end", 3, 100 << 20));
	must(close(fd));
	must(stat(victim_path("mem/dir/deep/file"), &before));
}

static void check_all(void)
{
	char text[64] = { 0 };
	struct stat st, other;
	int fd;

	same_text(contents("mem/dir/deep/file"), "some words");
	must(stat(victim_path("mem/dir/deep/file"), &st));
	same(st.st_mode, before.st_mode);
	same(st.st_mtim.tv_sec, before.st_mtim.tv_sec);
	same(st.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	same(st.st_nlink, 2);
	must(stat(victim_path("mem/other"), &other));
	same(other.st_ino, st.st_ino);
	must(stat(victim_path("mem/dir/deep"), &st));
	same(st.st_mode, S_IFDIR | 0711);
	must(readlink(victim_path("mem/link"), text, sizeof(text) - 1));
	same_text(text, "/no/where");
	must(stat(victim_path("mem/fifo"), &st));
	same(st.st_mode, S_IFIFO | 0600);
	must(stat(victim_path("mem/null"), &st));
	same(st.st_rdev, makedev(1, 3));
	must(stat(victim_path("mem/empty"), &st));
	same(st.st_mode, S_IFREG | 04755);
	same(st.st_uid, 12);
	same(st.st_gid, 34);
	same(getxattr(victim_path("mem/empty"), "trusted.a", text, 1), 1);
	same(text[0], 'b');
	must(stat(victim_path("mem/holes"), &st));
	same(st.st_size, (100 << 20) + 3);
	check(st.st_blocks < 1000);
	fd = must(open(victim_path("mem/holes"), O_RDONLY));
	same(pread(fd, text, 3, 100 << 20), 3);
	must(close(fd));
	check(!strncmp(text, "end", 3));
}

static int server(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

	strcpy(un.sun_path, path);
	must(bind(fd, (struct sockaddr *)&un, sizeof(un)));
	must(listen(fd, 3));
	return fd;
}

static void calls(const char *path, int at)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0)), other;

	strcpy(un.sun_path, path);
	must(connect(fd, (struct sockaddr *)&un, sizeof(un)));
	other = must(accept(at, NULL, NULL));
	must(close(fd));
	must(close(other));
}

void victim(void)
{
	int log, gone, big, fifo, at;
	struct statvfs fs;
	char *map, got[8];

	own_mounts();
	must(mkdir(victim_path("mem"), 0755));
	must(mkdir(victim_path("bound"), 0755));
	must(mount("the memory", victim_path("mem"), "tmpfs", MS_NOSUID |
		   MS_NOATIME, "size=200m,mode=701"));
	must(mount("/usr", victim_path("bound"), NULL, MS_BIND, NULL));
	must(mount(NULL, victim_path("bound"), NULL, MS_BIND | MS_REMOUNT |
		   MS_RDONLY | MS_NODEV, NULL));
	must(umount2("/dev/shm", MNT_DETACH));
	fill_up();
	log = must(open(victim_path("mem/log"), O_RDWR | O_CREAT | O_APPEND,
			0600));
	must(write(log, "one ", 4));
	gone = must(open(victim_path("mem/gone"), O_RDWR | O_CREAT, 0600));
	must(write(gone, "kept", 4));
	must(unlink(victim_path("mem/gone")));
	big = must(open(victim_path("mem/big"), O_RDWR | O_CREAT, 0600));
	must(ftruncate(big, SIZE));
	map = area(SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, big, 0);
	fill(map, SIZE, 7);
	fifo = must(open(victim_path("mem/fifo"), O_RDWR));
	must(write(fifo, "in it", 5));
	at = server(victim_path("mem/socket"));
	must(chdir(victim_path("mem/dir")));
	victim_move();
	check_all();
	must(write(log, "two", 3));
	same_text(contents("mem/log"), "one two");
	same(pread(gone, got, 4, 0), 4);
	check(!memcmp(got, "kept", 4));
	same_fill(map, SIZE, 7);
	map[5] = 'x';
	same(contents("mem/big")[5], 'x');
	same(read(fifo, got, 5), 5);
	check(!memcmp(got, "in it", 5));
	calls(victim_path("mem/socket"), at);
	same(access("deep/file", F_OK), 0);
	must(statvfs(victim_path("mem"), &fs));
	same(fs.f_flag & (ST_NOSUID | ST_NOATIME | ST_RDONLY | ST_NOEXEC),
	     ST_NOSUID | ST_NOATIME);
	same(fs.f_blocks * fs.f_frsize, 200 << 20);
	must(statvfs(victim_path("bound"), &fs));
	same(fs.f_flag & (ST_NODEV | ST_RDONLY), ST_NODEV | ST_RDONLY);
	check(access(victim_path("bound/bin"), F_OK) == 0);
	check(mounted("/dev/shm") == was_mounted("/dev/shm") - 1);
	same_text(mount_of(victim_path("mem")), "the memory");
	must(umount2(victim_path("mem"), MNT_DETACH));
	must(umount2(victim_path("bound"), 0));
}
