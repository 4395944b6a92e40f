/* SPDX-License-Identifier: MIT */
/* vdso.h - where this kernel put its own mappings in this process */
#ifndef IMAGE_VDSO_H
#define IMAGE_VDSO_H

#include <stdint.h>

/* [vvar] [vvar_vclock] [vdso], without gaps; they may move together only. */
struct vdso_here {
	uint64_t start;		/* of the first of them */
	uint64_t vdso;		/* address of the vDSO, 0 none */
	uint64_t vvar_size, vclock_size, vdso_size;
};

const struct vdso_here *vdso_here(void);

#endif
