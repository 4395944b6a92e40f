/* SPDX-License-Identifier: MIT */
/* tree-pipeline - five processes in a row, a stream of numbers through them
 *
 * Each adds one; the first ends after the move, and then all must, by EOF.
 */
#include "victim.h"

#define STAGES	5
#define AT_LEAST	20000

static int in, out;

static void source(void)
{
	char *go = victim_path("go");

	for (long i = 0; i < AT_LEAST || access(go, F_OK) < 0; i++)
		same(write(out, &i, sizeof(i)), sizeof(i));
}

static void stage(void)
{
	long number;

	while (read(in, &number, sizeof(number)) == sizeof(number)) {
		number++;
		same(write(out, &number, sizeof(number)), sizeof(number));
	}
}

void victim(void)
{
	pid_t pid[STAGES];
	long count = 0, number;

	for (int i = 0; i < STAGES; i++) {
		int ends[2];

		must(pipe2(ends, O_CLOEXEC));
		out = ends[1];
		pid[i] = must(fork());
		if (pid[i] == 0) {
			close(ends[0]);
			if (i == 0)
				source();
			else
				stage();
			_exit(i);
		}
		if (i)
			close(in);
		close(out);
		in = ends[0];
	}
	while (read(in, &number, sizeof(number)) == sizeof(number)) {
		same(number, count + STAGES - 1);
		if (++count == AT_LEAST / 2)
			victim_ready();
	}
	check(count >= AT_LEAST);
	for (int i = 0; i < STAGES; i++)
		victim_reap(pid[i], i);
}
