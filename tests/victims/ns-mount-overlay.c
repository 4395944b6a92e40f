/* SPDX-License-Identifier: MIT */
/* ns-mount-overlay - an overlay whose layers are on the disk, a file open on it;
 * mounts of its own shared, and a slave of them */
/* ways: -rootfs because what it has mounted is of this user land */
/* ways: -as because it takes CAP_SYS_ADMIN to make the namespace */
#include "mounts.h"

static bool is_shared(const char *point, const char *how)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192], where[4096];
	bool shared = false;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %*s %*s %4095s", where) == 1 &&
		    !strcmp(where, point))
			shared = strstr(line, how);
	if (f)
		fclose(f);
	return shared;
}

void victim(void)
{
	const char *layers[] = { "low", "upper", "work", "seen", "a", "b", "c" };
	char options[8192];
	int fd;

	own_mounts();
	for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++)
		put(layers[i], NULL, 0);
	put("low/below", "from below", 0600);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s",
		 victim_path("low"), victim_path("upper"), victim_path("work"));
	if (mount("over", victim_path("seen"), "overlay", 0, options) < 0)
		victim_skip("no overlay here: %s", strerror(errno));
	put("seen/above", "from above", 0600);
	must(mount("a", victim_path("a"), "tmpfs", 0, NULL));
	must(mount(NULL, victim_path("a"), NULL, MS_SHARED, NULL));
	must(mount(victim_path("a"), victim_path("b"), NULL, MS_BIND, NULL));
	must(mount(victim_path("a"), victim_path("c"), NULL, MS_BIND, NULL));
	must(mount(NULL, victim_path("c"), NULL, MS_SLAVE, NULL));
	put("a/in", NULL, 0);
	fd = must(open(victim_path("seen/above"), O_RDWR));
	victim_move();
	same_text(contents("seen/below"), "from below");
	same_text(contents("seen/above"), "from above");
	same_text(contents("upper/above"), "from above");
	must(pwrite(fd, "F", 1, 0));
	same_text(contents("seen/above"), "From above");
	same_text(mount_of(victim_path("seen")), "over");
	check(is_shared(victim_path("a"), " shared:"));
	check(is_shared(victim_path("c"), " master:"));
	must(mount("late", victim_path("b/in"), "tmpfs", 0, NULL));
	same(mounted(victim_path("a/in")), 1);
	same(mounted(victim_path("c/in")), 1);
	must(umount(victim_path("a/in")));
	same(mounted(victim_path("b/in")), 0);
	same(mounted(victim_path("c/in")), 0);
}
