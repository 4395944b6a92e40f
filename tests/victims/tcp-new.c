/* SPDX-License-Identifier: MIT */
/* tcp-new - sockets that are made, or bound, but not used yet */
/* ways: -taken because the source still has the port */
#include "inet.h"

void victim(void)
{
	int fresh = must(socket(AF_INET, SOCK_STREAM, 0));
	int named = bound(AF_INET, SOCK_STREAM);
	int flags = must(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0));
	struct address a = own_address(named);
	int listener;

	victim_move();
	same(port_of(fresh), 0);
	check(same_address(own_address(named), a));
	check(file_flags(flags) & O_NONBLOCK);
	check(!(file_flags(named) & O_NONBLOCK));
	/* All of them can still become something. */
	must(listen(named, 3));
	must(connect_to(fresh, a));
	must(accept(named, NULL, NULL));
	listener = bound(AF_INET6, SOCK_STREAM);
	must(listen(listener, 1));
	if (connect_to(flags, own_address(listener)) < 0)
		same(errno, EINPROGRESS);
	must(accept(listener, NULL, NULL));
}
