/* SPDX-License-Identifier: MIT */
/* args.c - arguments that several programs take */
#include "base/args.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

void args_pid(struct argp_state *state, const char *arg, pid_t *pid)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (state->arg_num)
		argp_usage(state);
	if (end == arg || *end || n <= 0 || n > INT_MAX)
		argp_error(state, "%s is not a PID", arg);
	*pid = n;
}

void args_fd(struct argp_state *state, const char *option, const char *arg,
	     struct list *fds)
{
	char *end;
	long n = strtol(arg, &end, 10);

	if (end == arg || *end || n < 0 || n > INT_MAX)
		argp_error(state, "%s=%s: not a descriptor", option, arg);
	*(int *)list_add(fds, sizeof(int)) = n;
}

int args_word(struct argp_state *state, const char *option, const char *arg,
	      const char *const words[])
{
	int i = 0;

	while (words[i] && strcmp(words[i], arg))
		i++;
	if (!words[i])
		argp_error(state, "%s=%s: not a choice", option, arg);
	return i;
}
