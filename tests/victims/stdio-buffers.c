/* SPDX-License-Identifier: MIT */
/* stdio-buffers - what the C library has read ahead and not yet written */
#include "victim.h"

void victim(void)
{
	FILE *in = fopen(victim_file("in", "one\ntwo\nthree\n"), "r");
	FILE *out = fopen(victim_path("out"), "w+");
	char line[100];

	check(in && out);
	check(fgets(line, sizeof(line), in));
	fputs("begun ", out);
	victim_move();
	check(fgets(line, sizeof(line), in));
	same_text(line, "two\n");
	fputs("ended\n", out);
	rewind(out);
	check(fgets(line, sizeof(line), out));
	same_text(line, "begun ended\n");
	check(fgets(line, sizeof(line), in));
	same_text(line, "three\n");
	check(!fgets(line, sizeof(line), in));
}
