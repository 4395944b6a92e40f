/* SPDX-License-Identifier: MIT */
/* file-opath - O_PATH descriptors of what cannot be opened otherwise: a
 * symbolic link, a FIFO, a socket, a device, a file without permissions */
#include "victim.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define COUNT	6

static void bind_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", name);
	must(bind(fd, (struct sockaddr *)&at, sizeof(at)));
	close(fd);
}

void victim(void)
{
	const char *names[COUNT] = { "link", "fifo", "socket", "/dev/tty0",
				     "locked", "." };
	struct stat was[COUNT], now;
	char text[16] = "";
	int fd[COUNT];

	must(chdir(victim_path("")));
	must(symlink("somewhere", "link"));
	must(mkfifo("fifo", 0600));
	bind_at("socket");
	victim_file("locked", "text");
	must(chmod("locked", 0));
	if (access(names[3], F_OK) < 0)
		names[3] = "/dev/null";
	for (int i = 0; i < COUNT; i++) {
		fd[i] = must(open(names[i], O_PATH | O_NOFOLLOW));
		must(fstat(fd[i], &was[i]));
	}
	victim_move();
	for (int i = 0; i < COUNT; i++) {
		must(fstat(fd[i], &now));
		same(now.st_mode, was[i].st_mode);
		same(now.st_rdev, was[i].st_rdev);
		if (i != 3)
			same(now.st_ino, was[i].st_ino);
		check(file_flags(fd[i]) & O_PATH);
	}
	same(readlinkat(fd[0], "", text, sizeof(text)), 9);
	same_text(text, "somewhere");
	refused(read(fd[5], text, 1), EBADF);
	must(fstatat(fd[5], "locked", &now, 0));
	same(now.st_ino, was[4].st_ino);
}
