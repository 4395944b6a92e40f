/* SPDX-License-Identifier: MIT */
/* bpf.h - what the files of bpf(2) share */
#ifndef IMAGE_BPF_H
#define IMAGE_BPF_H

#include <linux/bpf.h>

#include "image/capture.h"

#define BTF_SIZE_MAX	(1u << 20)	/* bytes, of types */

/* bpf(2) */
long bpf_call(int cmd, union bpf_attr *attr);
/* What the kernel says of a map, program or types: as much of @info as it knows.
 * -1 with errno. */
int bpf_info(int fd, void *info, size_t size);
/* The types of @fd: @to is -1 with errno if they cannot be read, or are more than
 * BTF_SIZE_MAX (EFBIG) or the kernel's own (EPERM). */
int btf_read(int fd, struct blob *to);
/* A descriptor of types that are made of @from; -1 with errno. */
int btf_load(const struct blob *from);

/*
 * bpfshare.c: who but the tree has the map with the kernel's number @id, as what
 * follows "which": "BPF program 12 uses", "process 345 has, too"; owned.  NULL:
 * nobody.  Only root is told.
 */
char *bpf_map_shared(const struct capture *c, uint32_t id);

#endif
