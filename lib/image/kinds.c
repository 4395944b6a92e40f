/* SPDX-License-Identifier: MIT */
/*
 * kinds.c - the table of resources: everything a process is made of
 *
 * Capture, restore, inspect and preflight walk it in this order.  A new kind
 * is a struct in records.h, a file beside this one, and a row here.
 */
#include "image/image.h"

const struct kind *const kinds[] = {
	&kind_namespace,	/* all else is in them */
	&kind_filesystem,
	&kind_entry,
	&kind_mounts,		/* paths are in them */
	&kind_process,
	&kind_filter,
	&kind_seccomp,		/* before they lose the right to it */
	&kind_creds,
	&kind_thread,
	&kind_traits,
	&kind_cgroups,
	&kind_sched,
	&kind_actions,
	&kind_pending,
	&kind_timers,
	&kind_vdso,
	&kind_object,
	&kind_space,
	&kind_mapping,
	&kind_aio,		/* when all else is mapped; before eventfds */
	&kind_shm,		/* after what is attached */
	&kind_sem,
	&kind_msg,
	&kind_terminal,
	&kind_pty,
	&kind_pty_end,
	&kind_file,
	&kind_proc_file,
	&kind_pipe,
	&kind_pipe_end,
	&kind_outside,
	&kind_eventfd,
	&kind_uring,
	&kind_bpf_map,
	&kind_bpf_data,
	&kind_btf,
	&kind_inet,
	&kind_inet_data,
	&kind_netlink,
	&kind_packet,
	&kind_signalfd,
	&kind_timerfd,
	&kind_inotify,
	&kind_fanotify,
	&kind_pidfd,
	&kind_unix,
	&kind_descriptor,
	&kind_notice,		/* after descriptors, and credentials */
	&kind_mqueue_open,
	&kind_mqueue,		/* after descriptors: who is told has one */
	&kind_message,		/* what is in sockets, descriptors too */
	&kind_tcp,		/* when all sockets have been met */
	&kind_epoll,		/* when all that it may watch is recorded */
	&kind_carried,		/* of the files of all that is above */
	&kind_area,
	&kind_live,
	&kind_limits,		/* last: they bind us, too */
	NULL,
};
