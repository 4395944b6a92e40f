/* SPDX-License-Identifier: MIT */
/* file-many - 200 descriptors, with gaps, and some of high numbers */
#include "victim.h"

#define COUNT	200
#define NUMBERS	1500

static void which(bool *open_now)
{
	for (int i = 0; i < NUMBERS; i++)
		open_now[i] = fcntl(i, F_GETFD) >= 0;
}

void victim(void)
{
	bool was[NUMBERS], now[NUMBERS];
	char name[32], text[32];
	int fd[COUNT];

	for (int i = 0; i < COUNT; i++) {
		int low;

		snprintf(name, sizeof(name), "file-%d", i);
		low = must(open(victim_file(name, name), O_RDONLY));
		/* 10, 13, ... and 900 and so on */
		fd[i] = must(fcntl(low, F_DUPFD, i < 190 ? 10 + 3 * i
							  : 900 + i));
		close(low);
		must(lseek(fd[i], i % 5, SEEK_SET));
	}
	which(was);
	victim_move();
	which(now);
	for (int i = 0; i < NUMBERS; i++)
		if (now[i] != was[i])
			victim_fail("descriptor %d is %s", i,
				    now[i] ? "open" : "closed");
	for (int i = 0; i < COUNT; i++) {
		memset(text, 0, sizeof(text));
		snprintf(name, sizeof(name), "file-%d", i);
		same(lseek(fd[i], 0, SEEK_CUR), i % 5);
		must(pread(fd[i], text, sizeof(text) - 1, 0));
		same_text(text, name);
	}
}
