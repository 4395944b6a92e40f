/* SPDX-License-Identifier: MIT */
/* seccomp.h - filters for victims */
#ifndef VICTIM_SECCOMP_H
#define VICTIM_SECCOMP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "victim.h"

/* Call @nr has @action, all others are allowed; of this thread alone. */
static inline int filter_call(long nr, uint32_t action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static inline uint32_t fails_with(int err)
{
	return SECCOMP_RET_ERRNO | err;
}

/* Capturing filters is for root alone. */
static inline void need_root(void)
{
	if (geteuid())
		victim_skip("only root may capture filters");
}

#endif
