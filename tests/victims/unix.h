/* SPDX-License-Identifier: MIT */
/* unix.h - what victims with UNIX domain sockets share */
#ifndef VICTIM_UNIX_H
#define VICTIM_UNIX_H

#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "victim.h"

/* "@name" stands for an abstract one. */
static inline socklen_t unix_address(struct sockaddr_un *un, const char *name)
{
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(un->sun_path, sizeof(un->sun_path), "%s", name);
	if (name[0] != '@')
		return offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1;
	un->sun_path[0] = '\0';
	return offsetof(struct sockaddr_un, sun_path) + strlen(name);
}

/* An abstract name that nobody else has. */
static inline char *unix_own_name(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "@victim-%d", getpid());
	return name;
}

static inline void unix_bind(int sock, const char *name)
{
	struct sockaddr_un un;
	socklen_t len = unix_address(&un, name);

	must(bind(sock, (struct sockaddr *)&un, len));
}

static inline int unix_connect(int sock, const char *name)
{
	struct sockaddr_un un;
	socklen_t len = unix_address(&un, name);

	return connect(sock, (struct sockaddr *)&un, len);
}

static inline int unix_socket(int type)
{
	return must(socket(AF_UNIX, type, 0));
}

static inline int unix_listener(int type, const char *name, int backlog)
{
	int sock = unix_socket(type);

	unix_bind(sock, name);
	must(listen(sock, backlog));
	return sock;
}

static inline int unix_client(int type, const char *name)
{
	int sock = unix_socket(type);

	must(unix_connect(sock, name));
	return sock;
}

/* "@name", a path, or "" for none. */
static inline const char *unix_name(int sock, bool peer)
{
	static char text[2][120];
	struct sockaddr_un un = { 0 };
	socklen_t len = sizeof(un);

	must((peer ? getpeername : getsockname)(sock, (struct sockaddr *)&un,
						&len));
	memset(text[peer], 0, sizeof(text[peer]));
	if (len <= offsetof(struct sockaddr_un, sun_path))
		return text[peer];
	memcpy(text[peer], un.sun_path,
	       len - offsetof(struct sockaddr_un, sun_path));
	if (!text[peer][0])
		text[peer][0] = '@';
	return text[peer];
}

static inline int unix_get(int sock, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	must(getsockopt(sock, SOL_SOCKET, name, &value, &len));
	return value;
}

static inline void unix_set(int sock, int name, int value)
{
	must(setsockopt(sock, SOL_SOCKET, name, &value, sizeof(value)));
}

static inline struct ucred unix_peer(int sock)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);

	must(getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	return cred;
}

static inline int unix_events(int sock)
{
	struct pollfd p = { sock, POLLIN | POLLOUT | POLLRDHUP, 0 };

	must(poll(&p, 1, 0));
	return p.revents;
}

static inline void unix_say(int sock, const char *text)
{
	same(send(sock, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void unix_hear(int sock, const char *text)
{
	char got[4096] = "";
	ssize_t n = must(recv(sock, got, sizeof(got) - 1, 0));

	got[n] = '\0';
	same_text(got, text);
}

/* Bytes with descriptors. */
static inline void unix_send_fds(int sock, const char *text, const int *fds,
				 int n)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(16 * sizeof(int))]; } c;
	struct iovec iov = { (void *)text, strlen(text) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	memset(&c, 0, sizeof(c));
	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&c.head), fds, n * sizeof(int));
	same(sendmsg(sock, &msg, 0), strlen(text));
}

/* How many came, to @fds; the bytes must be @text. */
static inline int unix_take_fds(int sock, const char *text, int *fds)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(16 * sizeof(int))]; } c;
	char got[4096] = "";
	struct iovec iov = { got, sizeof(got) - 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = sizeof(c),
	};
	struct cmsghdr *h;
	int n;

	must(recvmsg(sock, &msg, 0));
	same_text(got, text);
	h = CMSG_FIRSTHDR(&msg);
	if (!h || h->cmsg_type != SCM_RIGHTS)
		return 0;
	n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(h), n * sizeof(int));
	return n;
}

/* The sender's credentials with a message, which must be @text. */
static inline struct ucred unix_hear_creds(int sock, const char *text)
{
	union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(struct ucred))]; } c;
	char got[4096] = "";
	struct iovec iov = { got, sizeof(got) - 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
		.msg_controllen = sizeof(c),
	};
	struct ucred cred = { -1, -1, -1 };
	struct cmsghdr *h;

	must(recvmsg(sock, &msg, 0));
	same_text(got, text);
	h = CMSG_FIRSTHDR(&msg);
	check(h && h->cmsg_type == SCM_CREDENTIALS);
	memcpy(&cred, CMSG_DATA(h), sizeof(cred));
	return cred;
}

/*
 * Runs @run in a process that is not below this one: what runs this victim
 * becomes its parent.  It should end by itself when nobody needs it any more.
 */
static inline void unix_outsider(void (*run)(void))
{
	pid_t pid = must(fork());

	if (!pid) {
		if (!must(fork())) {
			must(setsid());
			run();
			_exit(0);
		}
		_exit(0);
	}
	victim_reap(pid, 0);
}

#endif
