/* SPDX-License-Identifier: MIT */
/* pipe-between - a conversation over two pipes goes on where it was
 *
 * Parent and child send numbers to and fro all the time.
 */
#include "victim.h"

static int to[2], from[2];

static void child(void)
{
	long number;

	close(to[1]);
	close(from[0]);
	while (read(to[0], &number, sizeof(number)) == sizeof(number)) {
		number = number * 3 + 1;
		same(write(from[1], &number, sizeof(number)), sizeof(number));
	}
}

void victim(void)
{
	char *go = victim_path("go");
	long i, answer;
	pid_t pid;

	must(pipe(to));
	must(pipe(from));
	pid = victim_child(child);
	close(to[0]);
	close(from[1]);
	for (i = 0; i % 64 || i < 512 || access(go, F_OK) < 0; i++) {
		if (i == 256)
			victim_ready();
		same(write(to[1], &i, sizeof(i)), sizeof(i));
		same(read(from[0], &answer, sizeof(answer)), sizeof(answer));
		same(answer, i * 3 + 1);
	}
	close(to[1]);
	same(read(from[0], &answer, 1), 0);
	victim_reap(pid, 0);
}
