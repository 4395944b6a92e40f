/* SPDX-License-Identifier: MIT */
/* unix-options - what has been set with setsockopt */
#include "unix.h"

void victim(void)
{
	struct timeval in = { 3, 500000 }, out = { 7, 0 }, tv;
	struct linger linger = { 1, 17 }, l;
	socklen_t len;
	int ends[2], size;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	unix_set(ends[0], SO_SNDBUF, 50000);
	unix_set(ends[0], SO_RCVBUF, 70000);
	size = unix_get(ends[0], SO_SNDBUF);
	same(size, 100000);
	unix_set(ends[0], SO_PASSCRED, 1);
	unix_set(ends[0], SO_PASSSEC, 1);
	unix_set(ends[0], SO_KEEPALIVE, 1);
	unix_set(ends[0], SO_REUSEADDR, 1);
	unix_set(ends[0], SO_BROADCAST, 1);
	unix_set(ends[0], SO_PRIORITY, 4);
	unix_set(ends[0], SO_RCVLOWAT, 33);
	unix_set(ends[0], SO_TIMESTAMPNS, 1);
	must(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &in, sizeof(in)));
	must(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &out, sizeof(out)));
	must(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	victim_move();
	same(unix_get(ends[0], SO_SNDBUF), 100000);
	same(unix_get(ends[0], SO_RCVBUF), 140000);
	same(unix_get(ends[0], SO_PASSCRED), 1);
	same(unix_get(ends[0], SO_PASSSEC), 1);
	same(unix_get(ends[0], SO_KEEPALIVE), 1);
	same(unix_get(ends[0], SO_REUSEADDR), 1);
	same(unix_get(ends[0], SO_BROADCAST), 1);
	same(unix_get(ends[0], SO_PRIORITY), 4);
	same(unix_get(ends[0], SO_RCVLOWAT), 33);
	same(unix_get(ends[0], SO_TIMESTAMPNS), 1);
	same(unix_get(ends[0], SO_TIMESTAMP), 0);
	len = sizeof(tv);
	must(getsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	same(tv.tv_sec * 1000000 + tv.tv_usec, 3500000);
	must(getsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
	same(tv.tv_sec, 7);
	len = sizeof(l);
	must(getsockopt(ends[0], SOL_SOCKET, SO_LINGER, &l, &len));
	same(l.l_onoff, 1);
	same(l.l_linger, 17);
	same(unix_get(ends[1], SO_PASSCRED), 0);
	same(unix_get(ends[1], SO_RCVLOWAT), 1);
	same(unix_get(ends[1], SO_KEEPALIVE), 0);
}
