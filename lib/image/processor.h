/* SPDX-License-Identifier: MIT */
/* processor.h - is this processor as good as the one that the program knows? */
#ifndef IMAGE_PROCESSOR_H
#define IMAGE_PROCESSOR_H

#include <stdbool.h>

struct restore;

/* Is a flag of /proc/cpuinfo the name of instructions that a program can use?
 * The others say what the kernel or the machine can do. */
bool processor_instruction(const char *name);
/* Notes what is missing here of what the stream's header names. */
void processor_check(struct restore *r);

#endif
