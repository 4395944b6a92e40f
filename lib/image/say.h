/* SPDX-License-Identifier: MIT */
/*
 * say.h - words and figures for people
 *
 * What comes from a stream may be hostile: text is printed so that it cannot
 * move a cursor.
 */
#ifndef IMAGE_SAY_H
#define IMAGE_SAY_H

#include <stdint.h>
#include <stdio.h>

void put_text(FILE *to, const char *text);	/* "(none)" for none */
void put_text_or(FILE *to, const char *text, const char *instead);
void put_size(FILE *to, uint64_t bytes);	/* "1.5 MiB" */
void put_count(FILE *to, uint64_t n, const char *what);	/* "2 pages" */
void put_seconds(FILE *to, uint64_t ns);	/* "1.500 s" */
void put_signal(FILE *to, uint32_t sig);	/* "TERM" */

#endif
