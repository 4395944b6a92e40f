/* SPDX-License-Identifier: MIT */
/* io.h - read(2) and write(2) to the end, in spite of EINTR and short counts */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

/* All of @n, or -1 with errno.  A non-blocking @fd is waited for. */
int write_full(int fd, const void *data, size_t n);
/* Bytes read, less than @n only at the end of the file; -1 with errno. */
ssize_t read_full(int fd, void *data, size_t n);
/* One read that is waited for and not interrupted; 0 at the end of the file. */
ssize_t read_some(int fd, void *data, size_t n);
/* A small file as a string the caller frees; NULL with errno. */
char *read_file(const char *path, size_t *len);
char *read_file_at(int dirfd, const char *path, size_t *len);

/* The same of a file of /proc whose records are below 1 KiB: a read that is
 * well below a page has had all of it, and no second one is made. */
char *read_file_proc(const char *path);
char *read_file_proc_at(int dirfd, const char *path);

#endif
