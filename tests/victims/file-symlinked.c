/* SPDX-License-Identifier: MIT */
/* file-symlinked - opened through symbolic links, which lead elsewhere now or
 * nowhere: it is still the file it was */
#include "victim.h"

void victim(void)
{
	char *real = victim_file("real", "the real one"), *link, *dir;
	char text[16] = "";
	int a, b;

	link = victim_path("link");
	dir = victim_path("dirlink");
	must(symlink(real, link));
	must(symlink(".", dir));
	a = must(open(link, O_RDWR));
	b = must(open(victim_path("dirlink/real"), O_RDONLY));
	must(unlink(link));
	must(symlink(victim_file("false", "false"), link));
	must(unlink(dir));
	victim_move();
	same(pwrite(a, "THE", 3, 0), 3);
	same(read(b, text, 16), 12);
	same_text(text, "THE real one");
}
