/* SPDX-License-Identifier: MIT */
/* packet-filter - a filter that is locked stands before a packet socket hears
 * anything; what waited to be read is lost */
#include "packet.h"

void victim(void)
{
	/* What begins with an 'a'. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'a', 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { 4, code };
	int fd = packet_socket(SOCK_DGRAM), protocol = own_protocol(0), on = 1;
	char text[16];

	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			sizeof(prog)));
	must(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)));
	hear(fd, "lo", protocol);
	tell(protocol, "a lost one");
	victim_move();
	while (recv(fd, text, sizeof(text), MSG_DONTWAIT) >= 0)
		;
	tell(protocol, "bad");
	tell(protocol, "also");
	hears(fd, 0, "also");
	same(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);
	refused(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)),
		EPERM);
}
