/* SPDX-License-Identifier: MIT */
/* tree-exec-before - children that are other programs: cat, sleep, sh */
#include "victim.h"

static int in[2], out[2];

static void cat(void)
{
	dup2(in[0], 0);
	dup2(out[1], 1);
	execl("/bin/cat", "cat", "-u", NULL);
	_exit(127);
}

static void sleeps(void)
{
	execl("/bin/sleep", "sleep", "1000", NULL);
	_exit(127);
}

static void shell(void)
{
	execl("/bin/sh", "sh", "-c", "sleep 1000 &\n"
	      "trap 'kill $!; exit 17' TERM\nwait", NULL);
	_exit(127);
}

static void is_program(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	while (strcmp(field(path, "Name"), name))
		victim_sleep(0.001);
}

void victim(void)
{
	pid_t a, b, c;
	char text[16] = "";
	int status;

	must(pipe2(in, O_CLOEXEC));
	must(pipe2(out, O_CLOEXEC));
	a = victim_child(cat);
	b = victim_child(sleeps);
	c = victim_child(shell);
	close(in[0]);
	close(out[1]);
	is_program(a, "cat");
	is_program(b, "sleep");
	is_program(c, "sh");
	/* The shell has its trap once it has started something. */
	victim_sleep(0.1);
	same(write(in[1], "before", 6), 6);
	victim_move();
	same(write(in[1], "after", 5), 5);
	close(in[1]);
	for (int have = 0; have < 11;)
		have += must(read(out[0], text + have, sizeof(text) - have));
	same_text(text, "beforeafter");
	same(read(out[0], text, 1), 0);
	victim_reap(a, 0);
	must(kill(b, SIGTERM));
	same(must(waitpid(b, &status, 0)), b);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	must(kill(c, SIGTERM));
	victim_reap(c, 17);
}
