/* SPDX-License-Identifier: MIT */
/* args.h - arguments that several programs take; wrong ones end the program */
#ifndef BASE_ARGS_H
#define BASE_ARGS_H

#include <argp.h>
#include <sys/types.h>

#include "base/list.h"

/* The one argument PID: in the ARGP_KEY_ARG of a parser. */
void args_pid(struct argp_state *state, const char *arg, pid_t *pid);
/* One more descriptor for a list of int; @option is what it is told by. */
void args_fd(struct argp_state *state, const char *option, const char *arg,
	     struct list *fds);
/* Which of @words, NULL at the end, @arg is. */
int args_word(struct argp_state *state, const char *option, const char *arg,
	      const char *const words[]);

#endif
