/* SPDX-License-Identifier: MIT */
/* pidfd-ended - pidfds of a zombie and of one that has been waited for */
#include <sys/ioctl.h>

#include "pidfd.h"

struct info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

static bool how(int pidfd, struct info *info)
{
	*info = (struct info){ .mask = 1 << 3 };
	return ioctl(pidfd, _IOWR(0xFF, 11, struct info), info) == 0 &&
	       info->mask & 1 << 3;
}

static void killed(void)
{
	pause();
}

static void exits(void)
{
	_exit(7);
}

void victim(void)
{
	int zombie, gone, shot;
	struct info before, info;
	siginfo_t si;
	bool told;
	pid_t pid = victim_child(exits), other = victim_child(exits),
	      third = victim_child(killed);

	zombie = must(pidfd_of(pid, 0));
	gone = must(pidfd_of(other, 0));
	shot = must(pidfd_of(third, 0));
	victim_reap(other, 7);
	must(kill(third, SIGTERM));
	must(waitpid(third, NULL, 0));
	check(has_ended(zombie, 10000));
	told = how(shot, &before);
	victim_move();
	check(has_ended(gone, 0));
	check(has_ended(zombie, 0));
	refused(syscall(SYS_pidfd_send_signal, gone, 0, NULL, 0), ESRCH);
	refused(waitid(P_PIDFD, gone, &si, WEXITED), ECHILD);
	if (told) {
		check(how(gone, &info));
		same(info.exit_code, 7 << 8);
		check(how(shot, &info));
		same(info.exit_code, SIGTERM);
	}
	must(waitid(P_PIDFD, zombie, &si, WEXITED));
	same(si.si_pid, pid);
	same(si.si_status, 7);
}
