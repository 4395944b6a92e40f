/* SPDX-License-Identifier: MIT */
/* ns-mount-pivot - in a root of its own (pivot_root) on a file system in
 * memory: parts of the old one bound, a proc, a devpts, a sysfs; a child in
 * another root below, one in a second namespace */
/* ways: -rootfs because what it has mounted is of this user land */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

#include <sys/statvfs.h>

static void bind_to(const char *from, const char *to, int flags)
{
	must(mkdir(to, 0755));
	must(mount(from, to, NULL, MS_BIND | MS_REC, NULL));
	if (flags)
		must(mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | flags, NULL));
}

static void mount_new(const char *type, const char *to, const char *options)
{
	must(mkdir(to, 0755));
	must(mount(type, to, type, MS_NOSUID, options));
}

/* The victim's directory stays where it is. */
static void make_path(const char *root, const char *path)
{
	char at[4096];
	size_t n = snprintf(at, sizeof(at), "%s", root);

	for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
		size_t len = strcspn(slash + 1, "/");

		n += snprintf(at + n, sizeof(at) - n, "/%.*s", (int)len,
			      slash + 1);
		mkdir(at, 0755);
	}
}

static void new_root(void)
{
	char *root = victim_path("root"), *dir = realpath(victim_path("."), NULL);
	char to[8192];

	must(mkdir(root, 0755));
	must(mount("base", root, "tmpfs", 0, "mode=755"));
	must(mkdir(victim_path("root/new"), 0755));
	must(mount(victim_path("root/new"), victim_path("root/new"), NULL,
		   MS_BIND, NULL));
	must(chdir(victim_path("root/new")));
	bind_to("/usr", "usr", MS_RDONLY);
	must(symlink("usr/lib", "lib"));
	must(symlink("usr/lib64", "lib64"));
	must(symlink("usr/bin", "bin"));
	must(mkdir("etc", 0755));
	mount_new("proc", "proc", NULL);
	must(mount("proc/sys", "proc/sys", NULL, MS_BIND, NULL));
	must(mount(NULL, "proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY,
		   NULL));
	mount_new("sysfs", "sys", NULL);
	mount_new("tmpfs", "dev", "size=64k,mode=755");
	must(mkdir("dev/pts", 0755));
	must(mount("devpts", "dev/pts", "devpts", 0,
		   "newinstance,ptmxmode=0666,mode=620"));
	must(symlink("pts/ptmx", "dev/ptmx"));
	must(mknod("dev/null", S_IFREG | 0644, 0));
	must(mount("/dev/null", "dev/null", NULL, MS_BIND, NULL));
	make_path(".", dir);
	snprintf(to, sizeof(to), ".%s", dir);
	must(mount(dir, to, NULL, MS_BIND, NULL));
	must(mkdir("old", 0700));
	must(syscall(SYS_pivot_root, ".", "old"));
	must(chdir("/"));
	must(umount2("old", MNT_DETACH));
	must(rmdir("old"));
	must(mkdir("jail", 0755));
	must(mkdir("jail/in", 0755));
}

static void nothing(int sig)
{
	(void)sig;
}

static void jail_child(void)
{
	signal(SIGUSR2, nothing);
	must(chroot("/jail"));
	must(chdir("/in"));
	pause();
	same(access("/in", F_OK), 0);
	same(access("/usr", F_OK), -1);
	same(access("../in", F_OK), 0);
	_exit(3);
}

static void apart_child(void)
{
	signal(SIGUSR2, nothing);
	own_namespaces(CLONE_NEWNS);
	must(mount("more", "/etc", "tmpfs", 0, NULL));
	must(mknod("/etc/mine", S_IFREG | 0600, 0));
	pause();
	same(access("/etc/mine", F_OK), 0);
	same(access("/usr/bin", F_OK), 0);
	_exit(4);
}

void victim(void)
{
	pid_t jail, other;
	struct statvfs fs;
	int null, master;
	char text[64];

	own_mounts();
	new_root();
	jail = victim_child(jail_child);
	other = victim_child(apart_child);
	null = must(open("/dev/null", O_RDWR));
	victim_blocked(jail, SYS_pause);
	victim_blocked(other, SYS_pause);
	victim_move();
	same(access("/etc/mine", F_OK), -1);
	same(access("/jail/in", F_OK), 0);
	same(access("/old", F_OK), -1);
	same(access("/usr/bin", F_OK), 0);
	same(access("/home", F_OK), -1);
	must(statvfs("/usr", &fs));
	check(fs.f_flag & ST_RDONLY);
	must(statvfs("/proc/sys", &fs));
	check(fs.f_flag & ST_RDONLY);
	snprintf(text, sizeof(text), "/proc/%d/status", getpid());
	same(atoi(field(text, "Pid:")), getpid());
	same(access("/sys/kernel", F_OK), 0);
	must(write(null, "", 1));
	same(mounted("/"), 1);
	same(mounted("/dev/null"), 1);
	master = must(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	must(close(master));
	must(kill(jail, SIGUSR2));
	must(kill(other, SIGUSR2));
	victim_reap(jail, 3);
	victim_reap(other, 4);
}
