/* SPDX-License-Identifier: MIT */
/* failure.c - why something did not work, as one sentence and an exit status */
#include "base/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int status_of_errno(int err)
{
	switch (err) {
	case EPERM:
	case EACCES:
		return STATUS_PERM;
	case ESRCH:
		return STATUS_NOPROC;
	case EPIPE:
	case EIO:
	case ENOSPC:
	case EFBIG:
	case EDQUOT:
		return STATUS_IO;
	default:
		return STATUS_SYSTEM;
	}
}

char *one_line(char *text)
{
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return text;
}

int fail(struct failure *f, int status, const char *fmt, ...)
{
	va_list ap;

	if (f->status)
		return -1;
	f->status = status;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	one_line(f->text);
	return -1;
}

int fail_errno(struct failure *f, int status, const char *fmt, ...)
{
	int err = errno;
	va_list ap;
	size_t n;

	if (f->status)
		return -1;
	f->status = status ? status : status_of_errno(err);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	one_line(f->text);
	n = strlen(f->text);
	snprintf(f->text + n, sizeof(f->text) - n, ": %s", strerror(err));
	errno = err;
	return -1;
}

void fail_item(struct failure *f, const char *fmt, ...)
{
	char *line, *list;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		line = NULL;
	va_end(ap);
	if (line && asprintf(&list, "%s  %s\n", f->list ? f->list : "",
			     one_line(line)) >= 0) {
		free(f->list);
		f->list = list;
	}
	free(line);
}

void failure_die(const struct failure *f)
{
	fprintf(stderr, "%s: %s\n%s", program_invocation_short_name, f->text,
		f->list ? f->list : "");
	exit(f->status ? f->status : STATUS_SYSTEM);
}
