/* SPDX-License-Identifier: MIT */
/*
 * failure.h - why something did not work, as one sentence and an exit status
 *
 * Library code never prints and never exits.  A function that can fail takes
 * a struct failure as its last argument, fills it once and returns -1 (or
 * NULL); whoever decides prints it once, with failure_die() or by hand.  The
 * first reason wins: a failure that is already filled is left as it is, so
 * that cleaning up never hides the cause.
 */
#ifndef BASE_FAILURE_H
#define BASE_FAILURE_H

#include <stddef.h>

/* Exit statuses of every program, from sysexits.h; in man/migrate.7. */
enum {
	STATUS_USAGE = 64,	/* called wrongly */
	STATUS_STREAM = 65,	/* stream truncated, altered or unknown */
	STATUS_NOPROC = 66,	/* no such process, or it went away */
	STATUS_OBSTACLE = 69,	/* holds something that cannot be moved */
	STATUS_SYSTEM = 71,	/* the kernel refused or ran out of something */
	STATUS_IO = 74,		/* reading or writing failed, disk full */
	STATUS_PERM = 77,	/* not allowed */
	STATUS_DIFFERS = 78,	/* the destination lacks a file, CPU feature.. */
};

struct failure {
	int status;		/* 0 while nothing has failed */
	char text[1024];	/* one sentence, no newline at the end */
	char *list;		/* what it is about, a line each, printed below
				   the sentence; NULL none, never freed */
};

/* Both fill @f unless it is filled, and return -1. */
int fail(struct failure *f, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds ": " and strerror(errno); picks a status from errno if @status is 0. */
int fail_errno(struct failure *f, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds a line to the list. */
void fail_item(struct failure *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* @text, in which what would break the line or steer a terminal is '?' now: names
 * in a sentence are somebody else's choice.  fail() and its kin do it. */
char *one_line(char *text);

/* "program: text" and the list on stderr, then exit(status). */
void failure_die(const struct failure *f) __attribute__((noreturn));

#endif
